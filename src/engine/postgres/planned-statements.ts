import type { PoolClient } from 'pg'

/**
 * Plans are made anew after this many ms: one that was made while a table was empty does not outlive its growth, and making
 * them costs well below 1 % of the time.
 */
const PLANS_MS = 2_000

/** The statements that connections keep plans of. */
export class PlannedStatements {
  readonly #names = new Map<string, string>()
  readonly #madeAt = new WeakMap<PoolClient, number>()

  nameOf(sql: string): string {
    const name = this.#names.get(sql) ?? `longshore_${this.#names.size}`
    this.#names.set(sql, name)
    return name
  }

  /** Drops a connection's plans once they are old. */
  async refresh(client: PoolClient): Promise<void> {
    const now = performance.now()
    const madeAt = this.#madeAt.get(client)
    if (madeAt !== undefined && now - madeAt < PLANS_MS) return
    if (madeAt !== undefined) await client.query('DISCARD PLANS')
    this.#madeAt.set(client, now)
  }
}
