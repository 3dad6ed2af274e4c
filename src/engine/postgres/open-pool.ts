import { Pool, type PoolConfig } from 'pg'

/** A server that does not answer is given up after this many ms. */
export const CONNECT_MS = 10_000

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
