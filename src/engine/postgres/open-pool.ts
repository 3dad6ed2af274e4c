import { Pool, type PoolConfig } from 'pg'

/** A server that does not answer is given up after this many ms. */
export const CONNECT_MS = 10_000

/**
 * Settings of connections that lead to the server itself. Compiling a claim takes longer than a thousand of them: without
 * it, half as many jobs again are done in a second. A pooler refuses them, before it is trusted with a lock that it would
 * hand on to strangers.
 */
export const DIRECT = { options: '-c jit=off' }

/**
 * Settings of connections whose statements run many times a second: a plan serves all of their runs. Left to itself the
 * server makes the plan of a claim for each run, as it thinks that one for given values is better, and that takes it 4.7 ms
 * where the claim takes 2. A plan for all does not know how few jobs a claim takes: without the third setting it reads the
 * whole table of 50,000 jobs to join them, at a third of the rate. By its own measure the server takes a page of an index
 * to cost four of a scan, as on a disk that turns: without the last setting it walks the index from its beginning to write
 * 55 jobs among 16,500, in 6 ms instead of 2.
 */
export const DIRECT_PLANNED = {
  options: `${DIRECT.options} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c random_page_cost=1.1`,
}

/**
 * A pool of connections. One that breaks while a caller holds it fails that caller's statement and nothing else: as an
 * `error` event that nobody hears it would end the process. `onError` hears of those that broke while idle.
 */
export function openPool(options: PoolConfig, onError: (thrown: unknown) => void): Pool {
  const pool = new Pool({ connectionTimeoutMillis: CONNECT_MS, keepAlive: true, ...options })
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
