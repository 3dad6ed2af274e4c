import { SubmittedJob as SubmittedJobSchema } from '../../src/contract/job.ts'
import { Schedule as ScheduleSchema } from '../../src/contract/schedule.ts'
import { readJson, readNothing } from './answers.ts'
import { ApiError } from './errors.ts'
import { freshKey } from './fresh-key.ts'
import { nextCursor, queryString } from './pages.ts'
import { withRetries } from './retry-policy.ts'
import { schedulePath } from './service-paths.ts'
import type { Schedule, ScheduleDefinition, SchedulePage, ScheduleQuery, SubmittedJob } from './shapes.ts'
import type { CallOptions, Transport } from './transport.ts'

/** What calls about one schedule take. */
export interface ScheduleOptions extends CallOptions {
  /** Whose schedule, for a key that belongs to no tenant. A key with a tenant has that tenant's alone. */
  readonly tenant?: string | undefined
}

/** How to fire by hand. */
export interface RunOptions extends ScheduleOptions {
  /** Calls with the same key are one job. A fresh one for every call unless given. */
  readonly idempotencyKey?: string
}

/** Schedules of a service. Every method rejects as those of the `JobClient` do. */
export class Schedules {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Creates a schedule; one just like it that is there is answered. Rejects with `SCHEDULE_EXISTS` when it is another. */
  create(name: string, definition: ScheduleDefinition, options: ScheduleOptions = {}): Promise<Schedule> {
    const { tenant, ...rest } = options
    const body = { name, ...definition }
    return this.#transport.call(ScheduleSchema, `schedules${queryString({ tenant })}`, {
      ...rest,
      method: 'POST',
      body,
    })
  }

  /** Creates a schedule, or makes the one that is there so. */
  put(name: string, definition: ScheduleDefinition, options: ScheduleOptions = {}): Promise<Schedule> {
    return this.#call(name, '', options, { method: 'PUT', body: definition })
  }

  /** A schedule as it is now, with its next ticks and what it did last. */
  async get(name: string, options: ScheduleOptions = {}): Promise<Schedule> {
    return this.#call(name, '', options)
  }

  /** One page of schedules, by name. */
  list(query: ScheduleQuery = {}, options: CallOptions = {}): Promise<SchedulePage> {
    return this.#transport.ask(`schedules${queryString(query)}`, options, async (response) => ({
      schedules: await readJson(ScheduleSchema.array(), response),
      next: nextCursor(response),
    }))
  }

  /** Every schedule of a query, by name, a page at a time. */
  async *all(query: ScheduleQuery = {}, options: CallOptions = {}): AsyncGenerator<Schedule, void> {
    let cursor = query.cursor
    do {
      const page = await this.list(cursor === undefined ? query : { ...query, cursor }, options)
      yield* page.schedules
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  /** From now on ticks pass by. Asking again does no harm. */
  async pause(name: string, options: ScheduleOptions = {}): Promise<Schedule> {
    return this.#call(name, '/pause', options, { method: 'POST' })
  }

  /** Fires again, from the next tick on. Asking again does no harm. */
  async resume(name: string, options: ScheduleOptions = {}): Promise<Schedule> {
    return this.#call(name, '/resume', options, { method: 'POST' })
  }

  /** Fires now, paused or not, once, whatever happens to the answer. */
  async run(name: string, { tenant, idempotencyKey, ...options }: RunOptions = {}): Promise<SubmittedJob> {
    const path = `${schedulePath(name)}/run${queryString({ tenant })}`
    const headers = { 'idempotency-key': idempotencyKey ?? freshKey() }
    return this.#transport.call(SubmittedJobSchema, path, { ...options, method: 'POST', headers })
  }

  /** Forgets a schedule; its jobs stay. One that is gone after a try whose answer was lost is gone by that try. */
  async delete(name: string, { tenant, ...options }: ScheduleOptions = {}): Promise<void> {
    const path = `${schedulePath(name)}${queryString({ tenant })}`
    await this.#transport.within(options, (signal) =>
      withRetries(this.#transport.retry, signal, async (tried) => {
        try {
          await this.#transport.ask(path, { method: 'DELETE', signal, once: true }, readNothing)
        } catch (failure) {
          if (tried === 0 || !(failure instanceof ApiError) || failure.code !== 'SCHEDULE_NOT_FOUND') throw failure
        }
      }),
    )
  }

  #call(
    name: string,
    action: string,
    { tenant, ...options }: ScheduleOptions,
    request: { method?: 'POST' | 'PUT'; body?: unknown } = {},
  ): Promise<Schedule> {
    const path = `${schedulePath(name)}${action}${queryString({ tenant })}`
    return this.#transport.call(ScheduleSchema, path, { ...options, ...request })
  }
}
