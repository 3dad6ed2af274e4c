import type { DatabaseSync } from 'node:sqlite'
import { compareUtf8 } from '../../base/utf8-order.ts'
import { integer, text } from '../record/columns.ts'
import type { JobEntry } from '../record/job-row.ts'
import { PHASE } from '../record/phase.ts'
import { Query } from './database.ts'

/** Beyond this many jobs before it, a job's place is not counted: a person would not read it, and counting has a price. */
const FAR = 10_000

/** Ready jobs that need nothing of a worker, and the others. */
const INDEXES = [
  { index: 'jobs_ready', which: "resources = ''" },
  { index: 'jobs_ready_sized', which: "resources <> ''" },
]

/**
 * How many ready jobs run before a queued one: all of higher priority, those before it in its own group, and as many of
 * each other group of its priority as get their turn until then. Which group has the next turn is not looked at, so the
 * answer may be too high by one per group; nor is what the jobs need of a worker.
 */
export class QueuePosition {
  readonly #counts: readonly ReadyCounts[]

  constructor(db: DatabaseSync) {
    this.#counts = INDEXES.map(({ index, which }) => new ReadyCounts(db, index, which))
  }

  /** Null when more than 10,000 are before it. */
  ahead({ num, job }: JobEntry): number | null {
    const group = job.group ?? ''
    const own = this.#sum((counts) => counts.inGroup(job.priority, group, job.runAt, num))
    const higher = this.#sum((counts) => counts.higher(job.priority))
    let ahead = own + higher
    if (own === 0 || ahead > FAR) return ahead > FAR ? null : ahead
    for (let other = this.#first(job.priority); other !== undefined && ahead <= FAR; ) {
      const name = other
      if (name !== group)
        ahead += Math.min(
          own,
          this.#sum((counts) => counts.ofGroup(job.priority, name, own)),
        )
      other = this.#next(job.priority, name)
    }
    return ahead > FAR ? null : ahead
  }

  #first(priority: number): string | undefined {
    return this.#sum((counts) => counts.ofGroup(priority, '', 1)) > 0 ? '' : this.#next(priority, '')
  }

  #next(priority: number, group: string): string | undefined {
    return this.#counts.flatMap((counts) => counts.nextGroup(priority, group) ?? []).sort(compareUtf8)[0]
  }

  #sum(count: (counts: ReadyCounts) => number): number {
    return this.#counts.reduce((sum, counts) => sum + count(counts), 0)
  }
}

/** Counts what one index lists. */
class ReadyCounts {
  readonly #higher: Query
  readonly #inGroup: Query
  readonly #nextGroup: Query
  readonly #ofGroup: Query

  constructor(db: DatabaseSync, index: string, which: string) {
    const ready = `FROM jobs INDEXED BY ${index} WHERE phase = ${PHASE.ready} AND ${which}`
    this.#higher = new Query(db, `SELECT count(*) FROM (SELECT 1 ${ready} AND priority > ? LIMIT ?)`)
    this.#inGroup = new Query(
      db,
      `SELECT count(*) FROM (SELECT 1 ${ready} AND priority = ? AND grp = ? AND (run_at, num) < (?, ?) LIMIT ?)`,
    )
    this.#nextGroup = new Query(db, `SELECT grp ${ready} AND priority = ? AND grp > ? ORDER BY grp LIMIT 1`)
    this.#ofGroup = new Query(db, `SELECT count(*) FROM (SELECT 1 ${ready} AND priority = ? AND grp = ? LIMIT ?)`)
  }

  higher(priority: number): number {
    return integer(this.#higher.get(priority, FAR + 1), 0)
  }

  inGroup(priority: number, group: string, runAt: number, num: number): number {
    return integer(this.#inGroup.get(priority, group, runAt, num, FAR + 1), 0)
  }

  nextGroup(priority: number, group: string): string | undefined {
    const row = this.#nextGroup.get(priority, group)
    return row && text(row, 0)
  }

  ofGroup(priority: number, group: string, most: number): number {
    return integer(this.#ofGroup.get(priority, group, most), 0)
  }
}
