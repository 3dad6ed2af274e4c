import type { Clock } from '../base/clock.ts'
import { type Activity, MINUTE_MS } from './activity.ts'

/** The rate is that of the last five minutes: shorter, and one long job would hide it; longer, and it would be old. */
const LOOK_BACK_MS = 5 * MINUTE_MS

/** Whoever meets a full queue at the same time shares one look, in ms. */
const LOOK_EVERY_MS = 5_000

/** Rates of at most so many tenants are remembered. */
const MOST_REMEMBERED = 1_000

/** Nobody is asked to come back sooner, or later, in ms. */
const LEAST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000

/** Jobs that count as having left the queue. */
const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

/** Tells how long a full queue needs until there is room again, from how many jobs ended lately. */
export class QueueDrain {
  readonly #activity: Pick<Activity, 'tallies'>
  readonly #clock: Clock
  readonly #rates = new Map<string | undefined, { at: number; rate: Promise<number> }>()

  constructor(activity: Pick<Activity, 'tallies'>, clock: Clock) {
    this.#activity = activity
    this.#clock = clock
  }

  /**
   * After how many ms a tenth of a full queue has run: less, and all who were refused would meet it full again.
   * @param most jobs that may wait
   * @param tenant whose queue is full; that of all when absent
   */
  async waitMs(most: number, tenant?: string): Promise<number> {
    const rate = await this.#rateOf(tenant)
    const wait = Math.ceil(Math.max(1, most / 10) / rate)
    return Math.min(LONGEST_WAIT_MS, Math.max(LEAST_WAIT_MS, wait))
  }

  /** Jobs that ended in a ms. */
  #rateOf(tenant: string | undefined): Promise<number> {
    const now = this.#clock.now()
    const known = this.#rates.get(tenant)
    if (known && now - known.at < LOOK_EVERY_MS) return known.rate
    if (this.#rates.size >= MOST_REMEMBERED) this.#rates.clear()
    const rate = this.#look(now, tenant)
    this.#rates.set(tenant, { at: now, rate })
    rate.catch(() => this.#rates.delete(tenant))
    return rate
  }

  async #look(now: number, tenant: string | undefined): Promise<number> {
    const from = Math.floor((now - LOOK_BACK_MS) / MINUTE_MS) * MINUTE_MS
    const tallies = await this.#activity.tallies({ from, sliceMs: MINUTE_MS, ...(tenant !== undefined && { tenant }) })
    const ended = tallies.filter(({ kind }) => ENDS.has(kind)).reduce((sum, { jobs }) => sum + jobs, 0)
    return ended / Math.max(1, now - from)
  }
}
