import type { DatabaseSync } from 'node:sqlite'
import { compareUtf8 } from '../../base/utf8-order.ts'
import { integer, text } from '../record/columns.ts'
import type { JobEntry } from '../record/job-row.ts'
import { PHASE } from '../record/phase.ts'
import { Query } from './database.ts'
import type { JobRecords } from './job-records.ts'

/** How many more jobs of a group may run; '' is the group of jobs without one. */
export type Allowance = (group: string) => number

/** Turns are remembered for at most so many priorities; beyond it, all groups begin a new turn. */
const MAX_TURNS = 10_000

/**
 * The order in which ready jobs run: highest priority, then one of each group in turn, then the oldest. Every step is one
 * seek in the index `jobs_ready`, so it costs the same with a thousand jobs or groups as with a million: the next group
 * in turn is the next name in the index after the one that was served last.
 */
export class ReadyQueue {
  readonly #records: JobRecords
  readonly #highest: Query
  readonly #nextLower: Query
  readonly #groupFrom: Query
  readonly #groupAfter: Query
  readonly #oldest: Query
  /** The group served last, by priority, as the index has it. */
  readonly #turns = new Map<number, string>()

  constructor(db: DatabaseSync, records: JobRecords) {
    const from = `FROM jobs INDEXED BY jobs_ready WHERE phase = ${PHASE.ready}`
    this.#records = records
    this.#highest = new Query(db, `SELECT priority ${from} ORDER BY priority DESC LIMIT 1`)
    this.#nextLower = new Query(db, `SELECT priority ${from} AND priority < ? ORDER BY priority DESC LIMIT 1`)
    this.#groupFrom = new Query(db, `SELECT grp ${from} AND priority = ? AND grp >= ? ORDER BY grp LIMIT 1`)
    this.#groupAfter = new Query(db, `SELECT grp ${from} AND priority = ? AND grp > ? ORDER BY grp LIMIT 1`)
    this.#oldest = new Query(db, `SELECT num ${from} AND priority = ? AND grp = ? ORDER BY run_at, num LIMIT ?`)
  }

  /** The next jobs to run, in order, at most `count`. Some, if there are any; all that fit may take several calls. */
  next(count: number, allowance: Allowance): JobEntry[] {
    for (let level = this.#highest.get(); level; level = this.#nextLower.get(integer(level, 0))) {
      const priority = integer(level, 0)
      const entries = this.#nextOf(priority, count, allowance)
      if (entries.length > 0) return entries
    }
    return []
  }

  #nextOf(priority: number, count: number, allowance: Allowance): JobEntry[] {
    const groups = this.#groupsInTurn(priority, count, allowance)
    const share = Math.ceil(count / groups.length)
    const queues = groups.map((group) => {
      const rows = this.#oldest.all(priority, group, Math.min(share, allowance(group)))
      return rows.flatMap((row) => this.#records.ready(integer(row, 0)) ?? []).map((entry) => ({ group, entry }))
    })
    const chosen = interleave(queues, count)
    const last = chosen.at(-1)
    if (last) this.#remember(priority, last.group)
    return chosen.map(({ entry }) => entry)
  }

  /** The groups that may run something, beginning after the one served last, once round; at most `count`. */
  #groupsInTurn(priority: number, count: number, allowance: Allowance): string[] {
    const served = this.#turns.get(priority)
    const groups: string[] = []
    const collect = (first: string | undefined, until: string | undefined): void => {
      for (let group = first; group !== undefined && groups.length < count; group = this.#after(priority, group)) {
        // In the order of the index, which is not that of JavaScript's strings.
        if (until !== undefined && compareUtf8(group, until) > 0) return
        if (allowance(group) > 0) groups.push(group)
        if (group === until) return
      }
    }
    if (served !== undefined) collect(this.#after(priority, served), undefined)
    collect(this.#from(priority, ''), served)
    return groups
  }

  #from(priority: number, group: string): string | undefined {
    const row = this.#groupFrom.get(priority, group)
    return row && text(row, 0)
  }

  #after(priority: number, group: string): string | undefined {
    const row = this.#groupAfter.get(priority, group)
    return row && text(row, 0)
  }

  #remember(priority: number, group: string): void {
    if (this.#turns.size >= MAX_TURNS) this.#turns.clear()
    this.#turns.set(priority, group)
  }
}

/** One of each queue, then the next of each, until there are `count`. */
function interleave<Item>(queues: readonly Item[][], count: number): Item[] {
  const entries: Item[] = []
  const longest = Math.max(0, ...queues.map((queue) => queue.length))
  for (let turn = 0; turn < longest; turn++) {
    for (const queue of queues) {
      const entry = queue[turn]
      if (entry && entries.length < count) entries.push(entry)
    }
  }
  return entries
}
