import { Logger, runMigrations, runTaskList, type WorkerPool } from 'graphile-worker'
import type { Pool } from 'pg'
import { type Clock, sleep } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { openPool } from './open-pool.ts'
import { quoted } from './quoted.ts'

/** Pause before Graphile Worker is started anew, in ms. */
const RESTART_MS = 1_000

/** Where Graphile Worker is, and who may ring. */
export interface DoorbellPlace {
  /** Schema of Graphile Worker's tables. */
  workerSchema: string
  /** Schema of our own tables: the bells of several services may lie beside each other. */
  schema: string
}

/** What listening for the bell takes. */
export interface DoorbellOptions extends DoorbellPlace {
  /** Reaches the server itself: a pooler in transaction mode cannot LISTEN. */
  url: string
  /** Asked for in vain this often, in ms, should a notification be lost. */
  pollMs: number
  clock: Clock
  onError(thrown: unknown): void
}

/**
 * Tells idle workers that there is work: a job of Graphile Worker, inserted in the transaction that makes our jobs ready.
 * It names no job. Whoever hears it claims what is due, by priority and turn, as much as fits, passes the bell on when
 * more is left, and asks for the next one only when there is room again; so no bell waits behind a long job while
 * another worker idles, and a thousand jobs need no thousand bells.
 */
export class Doorbell {
  readonly #options: DoorbellOptions
  readonly #pool: Pool
  #workers: WorkerPool | undefined
  #ended: Promise<void> = Promise.resolve()
  readonly #stopped = new AbortController()

  constructor(options: DoorbellOptions) {
    this.#options = options
    const pool = { connectionString: options.url, max: 3, application_name: 'longshore bell' }
    this.#pool = openPool(pool, options.onError)
  }

  /** Begins to listen; `answer` resolves when there is room for more. */
  start(answer: () => Promise<void>): void {
    this.#ended = this.#listen(answer)
  }

  /** The name that Graphile Worker locks bells with. */
  get id(): string | undefined {
    return this.#workers?.id
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.resolve(this.#workers?.gracefulShutdown()).catch(this.#options.onError)
    await this.#ended
    await this.#pool.end()
  }

  /** Graphile Worker gives up when it cannot write for a while; then it is started anew. */
  async #listen(answer: () => Promise<void>): Promise<void> {
    const { clock, onError } = this.#options
    while (!this.#stopped.signal.aborted) {
      const workers = this.#begin(answer)
      this.#workers = workers
      await Promise.resolve(workers.promise).catch(onError)
      if (this.#stopped.signal.aborted) return
      await sleep(clock, RESTART_MS, this.#stopped.signal).catch(() => {})
      const [unlock = ''] = unlockSql(this.#options)
      await this.#pool.query(unlock, [[workers.id]]).catch(onError)
    }
  }

  #begin(answer: () => Promise<void>): WorkerPool {
    const { workerSchema, pollMs, onError } = this.#options
    // Graphile Worker waits for no completion: one that fails would be a rejection that nobody hears, and end the process. Of
    // batches, even of one, it ends the pool of workers alone, which is started anew.
    const batches = { completeJobBatchDelay: 0, failJobBatchDelay: 0 }
    const preset = { worker: { schema: workerSchema, pollInterval: pollMs, preparedStatements: false, ...batches } }
    return runTaskList(
      { preset, concurrency: 1, noHandleSignals: true, logger: quietLogger(onError) },
      { [bellName(this.#options)]: answer },
      this.#pool,
    )
  }
}

/** Makes Graphile Worker's schema, or brings it to the installed version. */
export async function migrateDoorbell(pool: Pool, workerSchema: string): Promise<void> {
  await runMigrations({ pgPool: pool, preset: { worker: { schema: workerSchema } }, logger: quietLogger(() => {}) })
}

/**
 * A FROM item, to be named, that rings, for a statement of its own or within one. Each ringer has one bell waiting at most:
 * `key`. Graphile Worker adds none, and says so by no row, when that bell was taken while it was being rung: whoever took it
 * may look before what it was rung for is there, so another one is added, without a key.
 */
export function ringSql(place: DoorbellPlace, key: string): string {
  return `(WITH rung AS MATERIALIZED (SELECT FROM ${addSql(place, `'${key}'`)})
    SELECT FROM rung UNION ALL SELECT FROM ${addSql(place, 'NULL')} WHERE NOT EXISTS (SELECT FROM rung))`
}

function addSql({ workerSchema, schema }: DoorbellPlace, key: string): string {
  const spec = `ROW('${bellName({ workerSchema, schema })}', '{}', NULL, NULL, NULL, ${key}, NULL, NULL)`
  return `${quoted(workerSchema)}.add_jobs(ARRAY[${spec}::${quoted(workerSchema)}.job_spec])`
}

/** Frees the bells that dead workers ($1) held, and drops those that may ring no more. */
export function unlockSql({ workerSchema, schema }: DoorbellPlace): string[] {
  const worker = quoted(workerSchema)
  return [
    `SELECT ${worker}.force_unlock_workers($1)`,
    `SELECT count(*) FROM ${worker}.complete_jobs(ARRAY(SELECT id FROM ${worker}.jobs
      WHERE task_identifier = '${bellName({ workerSchema, schema })}' AND locked_at IS NULL AND attempts >= max_attempts))`,
  ]
}

function bellName({ schema }: DoorbellPlace): string {
  return `longshore:${schema}`
}

/** Only what went wrong is told; the rest is Graphile Worker talking to itself. */
function quietLogger(onError: (thrown: unknown) => void): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error') onError(new Error(`Graphile Worker: ${messageOf(message)}`))
  })
}
