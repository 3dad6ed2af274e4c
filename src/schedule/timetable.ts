import { Cron } from 'croner'

/** When a schedule is due: cron expression and time zone, both checked (`checkCron`, `checkTimezone`). */
export interface TimetableSetting {
  cron: string
  /** IANA name. */
  timezone: string
}

/**
 * The ticks of a schedule, in ms since 1970. In a time zone that changes its clocks, an expression that names its hours and
 * minutes comes once on every day that it names: at the end of the gap when its time is left out, at the first of the two
 * when its time comes twice. One with `*` or a step among its hours or minutes goes on through both, by elapsed time.
 */
export class Timetable {
  readonly #cron: Cron

  constructor({ cron, timezone }: TimetableSetting) {
    this.#cron = openCron(cron, timezone)
  }

  /** The first tick after an instant; null when there is none. */
  next(after: number): number | null {
    return this.#cron.nextRun(new Date(after))?.getTime() ?? null
  }

  /** The first ticks after an instant. */
  nextOnes(count: number, after: number): number[] {
    return this.#cron.nextRuns(count, new Date(after)).map((tick) => tick.getTime())
  }

  /** The newest ticks that are not after an instant, oldest first. */
  newest(count: number, upTo: number): number[] {
    const second = Math.floor(upTo / 1000) * 1000
    return this.#cron
      .previousRuns(count, new Date(second + 1000))
      .map((tick) => tick.getTime())
      .reverse()
  }
}

/** Reads an expression of five fields, or of six with seconds before them. Throws what croner says of it. */
export function openCron(cron: string, timezone: string): Cron {
  return new Cron(cron, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true })
}
