import type { DatabaseSync } from 'node:sqlite'
import { compareUtf8 } from '../../base/utf8-order.ts'
import { groupsOfTenant } from '../../job/queue-group.ts'
import { integer, text } from '../record/columns.ts'
import type { JobEntry } from '../record/job-row.ts'
import { Query } from './database.ts'
import { READY, READY_SIZED } from './job-indexes.ts'

/** Beyond this many jobs before it, a job's place is not counted: a person would not read it, and counting has a price. */
const FAR = 10_000

/** Of more higher priorities than these, a tenant's jobs of the others are not counted. */
const MOST_PRIORITIES = 200

/**
 * How many ready jobs run before a queued one: all of higher priority, those before it in its own group, and as many of
 * each other group of its priority as get their turn until then. Which group has the next turn is not looked at, so the
 * answer may be too high by one per group; nor is what the jobs need of a worker. Of a tenant's job, those of its tenant are
 * counted alone: how much the others have waiting is not its business.
 */
export class QueuePosition {
  readonly #counts: readonly ReadyCounts[]

  constructor(db: DatabaseSync) {
    this.#counts = [READY, READY_SIZED].map((ready) => new ReadyCounts(db, `FROM ${ready}`))
  }

  /** Null when more than 10,000 are before it. */
  ahead({ num, job }: JobEntry): number | null {
    const group = job.group ?? ''
    const groups = job.tenant === null ? undefined : groupsOfTenant(job.tenant)
    const own = this.#sum((counts) => counts.inGroup(job.priority, group, job.runAt, num))
    const higher = groups ? this.#higherOf(groups, job.priority) : this.#sum((counts) => counts.higher(job.priority))
    let ahead = own + higher
    if (own === 0 || ahead > FAR) return ahead > FAR ? null : ahead
    const isOther = (name: string | undefined): name is string =>
      name !== undefined && (groups === undefined || compareUtf8(name, groups.to) < 0)
    for (let other = this.#first(job.priority, groups?.from ?? ''); isOther(other) && ahead <= FAR; ) {
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

  #higherOf(groups: GroupRange, above: number): number {
    let jobs = 0
    let priority = this.#priorityAbove(above)
    for (let seen = 0; priority !== undefined && seen < MOST_PRIORITIES && jobs <= FAR; seen++) {
      const one = priority
      jobs += this.#sum((counts) => counts.inGroups(one, groups))
      priority = this.#priorityAbove(one)
    }
    return jobs
  }

  #priorityAbove(priority: number): number | undefined {
    const found = this.#counts.flatMap((counts) => counts.priorityAbove(priority) ?? [])
    return found.length === 0 ? undefined : Math.min(...found)
  }

  #first(priority: number, from: string): string | undefined {
    return this.#sum((counts) => counts.ofGroup(priority, from, 1)) > 0 ? from : this.#next(priority, from)
  }

  #next(priority: number, group: string): string | undefined {
    return this.#counts.flatMap((counts) => counts.nextGroup(priority, group) ?? []).sort(compareUtf8)[0]
  }

  #sum(count: (counts: ReadyCounts) => number): number {
    return this.#counts.reduce((sum, counts) => sum + count(counts), 0)
  }
}

/** Groups from one name, inclusive, to another, exclusive. */
type GroupRange = ReturnType<typeof groupsOfTenant>

/** Counts what one index lists. */
class ReadyCounts {
  readonly #higher: Query
  readonly #priorityAbove: Query
  readonly #inGroups: Query
  readonly #inGroup: Query
  readonly #nextGroup: Query
  readonly #ofGroup: Query

  constructor(db: DatabaseSync, ready: string) {
    this.#higher = new Query(db, `SELECT count(*) FROM (SELECT 1 ${ready} AND priority > ? LIMIT ?)`)
    this.#priorityAbove = new Query(db, `SELECT priority ${ready} AND priority > ? ORDER BY priority LIMIT 1`)
    this.#inGroups = new Query(
      db,
      `SELECT count(*) FROM (SELECT 1 ${ready} AND priority = ? AND grp >= ? AND grp < ? LIMIT ?)`,
    )
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

  priorityAbove(priority: number): number | undefined {
    const row = this.#priorityAbove.get(priority)
    return row && integer(row, 0)
  }

  inGroups(priority: number, { from, to }: GroupRange): number {
    return integer(this.#inGroups.get(priority, from, to, FAR + 1), 0)
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
