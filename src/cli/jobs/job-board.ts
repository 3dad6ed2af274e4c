import type { Job } from '@longshore/client'
import { renderJobLine } from '../render/job-table.ts'
import { Live } from '../render/live.ts'
import type { Session } from '../session.ts'

/** Whether lines that are drawn over and over have a terminal to be drawn on, of their own. */
export function showsLive({ world, out }: Session): boolean {
  return world.stderr.isTTY === true && !out.quiet && !(out.json && world.stdout.isTTY === true)
}

/**
 * Jobs that are waited for: on a terminal one line each, drawn over; elsewhere a new line whenever a job enters another
 * status or stage.
 */
export class JobBoard implements Disposable {
  readonly #session: Session
  readonly #live: Live | undefined
  readonly #jobs = new Map<string, Job | undefined>()
  readonly #told = new Map<string, string>()

  constructor(session: Session, ids: readonly string[], isLive: boolean) {
    this.#session = session
    this.#live = isLive ? new Live(session.world) : undefined
    for (const id of ids) this.#jobs.set(id, undefined)
  }

  put(job: Job): void {
    this.#jobs.set(job.job_id, job)
    if (this.#live === undefined) this.#tell(job)
    else this.#live.show(() => this.#render(this.#live?.width ?? 80))
  }

  /** Says why nothing more will be shown. */
  leave(text: string): void {
    if (this.#live === undefined) this.#session.out.tell(text)
    else this.#live.above(text)
  }

  [Symbol.dispose](): void {
    this.#live?.[Symbol.dispose]()
  }

  #tell(job: Job): void {
    const where = `${job.status} ${job.progress?.stage} ${job.attempt} ${job.cancel_requested_at}`
    if (this.#told.get(job.job_id) === where) return
    this.#told.set(job.job_id, where)
    this.#session.out.tell(this.#line(job, Number.POSITIVE_INFINITY))
  }

  #render(width: number): string {
    const known = [...this.#jobs.values()].filter((job) => job !== undefined)
    return known.map((job) => this.#line(job, width)).join('\n')
  }

  #line(job: Job, width: number): string {
    const { out, world } = this.#session
    return renderJobLine(job, { width, nowMs: world.clock.now(), paint: out.paintTold })
  }
}
