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
 * A pool of connections. One that breaks while a caller holds it fails that caller's statement and nothing else: as an
 * `error` event that nobody hears it would end the process. `onError` hears of those that broke while idle.
 */
export function openPool(options: PoolConfig, onError: (thrown: unknown) => void): Pool {
  const pool = new Pool({ connectionTimeoutMillis: CONNECT_MS, keepAlive: true, ...options })
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
