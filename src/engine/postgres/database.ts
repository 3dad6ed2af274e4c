import { type Pool, type PoolClient, type QueryArrayConfig, types } from 'pg'
import type { Row } from '../record/columns.ts'
import { engineError, wasUndone } from './database-error.ts'
import { DIRECT, DIRECT_PLANNED, openPool } from './open-pool.ts'
import { PlannedStatements } from './planned-statements.ts'
import { quoted } from './quoted.ts'

/** A statement that gets no answer within this many ms is given up with its connection. */
const STATEMENT_MS = 30_000

/** Attempts at a statement that loses to another transaction. */
const TRIES = 5

/** Connections for what runs often: inserts, changes and claims have one statement each under way. */
const OFTEN_CONNECTIONS = 3

/** How the database is reached. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:port/name`. */
  url: string
  /** Schema of all tables; a plain name. */
  schema: string
  /** Connections at most. */
  poolSize: number
  /** No pooler stands between, so that a connection may begin with settings of its own. */
  isDirect: boolean
  /** Hears of connections that broke while idle. */
  onError(thrown: unknown): void
}

/** Runs a statement. */
export type Run = (sql: string, values?: readonly unknown[]) => Promise<Row[]>

/**
 * Statements on a pool of connections. Each is whole in itself, without session state, so that a pooler in transaction mode
 * may stand between; where none does, those that run often are planned once for many runs, on connections of their own unless
 * there are few.
 */
export class Database {
  /** The schema as a statement names it. */
  readonly schema: string
  readonly #pool: Pool
  readonly #often: Pool
  readonly #plans: PlannedStatements | undefined

  constructor({ url, schema, poolSize, isDirect, onError }: DatabaseOptions) {
    this.schema = quoted(schema)
    const often = isDirect && poolSize >= 2 * OFTEN_CONNECTIONS ? OFTEN_CONNECTIONS : 0
    const options = {
      connectionString: url,
      max: poolSize - often,
      query_timeout: STATEMENT_MS,
      idleTimeoutMillis: 60_000,
      application_name: 'longshore',
      ...(isDirect && DIRECT),
    }
    this.#pool = openPool(options, onError)
    this.#often = often > 0 ? openPool({ ...options, max: often, ...DIRECT_PLANNED }, onError) : this.#pool
    this.#plans = isDirect ? new PlannedStatements() : undefined
  }

  /** Rows of one statement. Throws `ENGINE_UNAVAILABLE`, `STORAGE_FULL`, `INTERNAL`. */
  readonly query: Run = (sql, values) => withTries(() => rowsOf(this.#pool, sql, values))

  /** The same for a statement that runs many times a second, always with the same text. */
  readonly queryOften: Run = (sql, values) => {
    const plans = this.#plans
    return plans ? withTries(() => this.#runPlanned(plans, sql, values)) : this.query(sql, values)
  }

  /** Runs `work` in one transaction; what it throws undoes everything, and passes. */
  transaction<Answer>(work: (run: Run) => Promise<Answer>): Promise<Answer> {
    return withTries(() => transactOnce(this.#pool, undefined, work))
  }

  /** The same for statements that run many times a second, each always with the same text. */
  transactOften<Answer>(work: (run: Run) => Promise<Answer>): Promise<Answer> {
    return withTries(() => transactOnce(this.#often, this.#plans, work))
  }

  async close(): Promise<void> {
    await Promise.all(new Set([this.#pool, this.#often]).values().map((pool) => pool.end()))
  }

  async #runPlanned(plans: PlannedStatements, sql: string, values: readonly unknown[] | undefined): Promise<Row[]> {
    const client = await this.#often.connect()
    let failed = true
    try {
      await plans.refresh(client)
      const rows = await rowsOf(client, sql, values, plans.nameOf(sql))
      failed = false
      return rows
    } finally {
      client.release(failed)
    }
  }
}

async function transactOnce<Answer>(
  pool: Pool,
  plans: PlannedStatements | undefined,
  work: (run: Run) => Promise<Answer>,
): Promise<Answer> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await plans?.refresh(client)
    await client.query('BEGIN')
    const answer = await work((sql, values) => rowsOf(client, sql, values, plans?.nameOf(sql)))
    await client.query('COMMIT')
    return answer
  } catch (thrown) {
    broken = await client.query('ROLLBACK').then(
      () => undefined,
      (failure: Error) => failure,
    )
    throw thrown
  } finally {
    client.release(broken)
  }
}

/** Runs what lost to another transaction again. */
async function withTries<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (thrown) {
      if (tries >= TRIES || !wasUndone(thrown)) throw engineError(thrown)
    }
  }
}

/** Instants, sums and numbers of rows are far below 2⁵³. */
const TYPES = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === types.builtins.INT8 || oid === types.builtins.NUMERIC ? Number : types.getTypeParser(oid, format),
} as QueryArrayConfig['types']

async function rowsOf(
  on: Pool | PoolClient,
  text: string,
  values: readonly unknown[] = [],
  name?: string,
): Promise<Row[]> {
  const query: QueryArrayConfig = { text, values: [...values], rowMode: 'array', types: TYPES, ...(name && { name }) }
  return (await on.query(query)).rows
}

/** Text as PostgreSQL can hold it: it knows no character 0 and no half of a surrogate pair. */
export function storable(text: string): string
export function storable(text: string | null): string | null
export function storable(text: string | null): string | null {
  return text === null ? null : text.toWellFormed().replaceAll('\0', '\uFFFD')
}
