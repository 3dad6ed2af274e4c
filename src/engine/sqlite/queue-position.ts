import type { DatabaseSync } from 'node:sqlite'
import { integer, text } from '../record/columns.ts'
import type { JobEntry } from '../record/job-row.ts'
import { PHASE } from '../record/phase.ts'
import { Query } from './database.ts'

/** Beyond this many jobs before it, a job's place is not counted: a person would not read it, and counting has a price. */
const FAR = 10_000

/**
 * How many ready jobs run before a queued one: all of higher priority, those before it in its own group, and as many of
 * each other group of its priority as get their turn until then. Which group has the next turn is not looked at, so the
 * answer may be too high by one per group.
 */
export class QueuePosition {
  readonly #higher: Query
  readonly #inGroup: Query
  readonly #nextGroup: Query
  readonly #ofGroup: Query

  constructor(db: DatabaseSync) {
    const ready = `FROM jobs INDEXED BY jobs_ready WHERE phase = ${PHASE.ready}`
    this.#higher = new Query(db, `SELECT count(*) FROM (SELECT 1 ${ready} AND priority > ? LIMIT ?)`)
    this.#inGroup = new Query(
      db,
      `SELECT count(*) FROM (SELECT 1 ${ready} AND priority = ? AND grp = ? AND (run_at, num) < (?, ?) LIMIT ?)`,
    )
    this.#nextGroup = new Query(db, `SELECT grp ${ready} AND priority = ? AND grp > ? ORDER BY grp LIMIT 1`)
    this.#ofGroup = new Query(db, `SELECT count(*) FROM (SELECT 1 ${ready} AND priority = ? AND grp = ? LIMIT ?)`)
  }

  /** Null when more than 10,000 are before it. */
  ahead({ num, job }: JobEntry): number | null {
    const group = job.group ?? ''
    const own = integer(this.#inGroup.get(job.priority, group, job.runAt, num, FAR + 1), 0)
    const higher = integer(this.#higher.get(job.priority, FAR + 1), 0)
    let ahead = own + higher
    if (own === 0 || ahead > FAR) return ahead > FAR ? null : ahead
    for (let other = this.#first(job.priority); other !== undefined && ahead <= FAR; ) {
      if (other !== group) ahead += integer(this.#ofGroup.get(job.priority, other, own), 0)
      other = this.#next(job.priority, other)
    }
    return ahead > FAR ? null : ahead
  }

  #first(priority: number): string | undefined {
    return integer(this.#ofGroup.get(priority, '', 1), 0) > 0 ? '' : this.#next(priority, '')
  }

  #next(priority: number, group: string): string | undefined {
    const row = this.#nextGroup.get(priority, group)
    return row && text(row, 0)
  }
}
