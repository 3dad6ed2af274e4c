import type { DatabaseSync } from 'node:sqlite'
import { compareUtf8 } from '../../base/utf8-order.ts'
import type { JobEntry } from '../record/job-row.ts'
import type { JobRecords } from './job-records.ts'
import { ReadyLine, type ReadyPlace } from './ready-line.ts'

/** How many more jobs of a group may run; '' is the group of jobs without one. */
export type Allowance = (group: string) => number

/** Which of the ready jobs are wanted. */
export interface ReadyWish {
  count: number
  allowance: Allowance
  /** Of these sizes, as their column has them. */
  sizes: readonly string[]
  /** Only of higher priorities than this. */
  above?: number | undefined
}

/** Turns are remembered for at most so many priorities; beyond it, all groups begin a new turn. */
const MAX_TURNS = 10_000

/**
 * The order in which ready jobs run: highest priority, then one of each group in turn, then the oldest. Every step is one
 * seek for each size in its index, so it costs the same with a thousand jobs or groups as with a million, also when those
 * before them are of sizes that are not wanted: the next group in turn is the next name in the index after the one that
 * was served last.
 */
export class ReadyQueue {
  readonly #records: JobRecords
  readonly #lineOf: (size: string) => ReadyLine
  /** The group served last, by priority, as the index has it. */
  readonly #turns = new Map<number, string>()

  constructor(db: DatabaseSync, records: JobRecords) {
    this.#records = records
    this.#lineOf = ReadyLine.lines(db)
  }

  /** The next jobs to run, in order, at most `count`. Some, if there are any; all that fit may take several calls. */
  next({ sizes, above = Number.NEGATIVE_INFINITY, ...wish }: ReadyWish): JobEntry[] {
    const lines = sizes.map((size) => this.#lineOf(size))
    for (let level = highestOf(lines); level !== undefined && level > above; level = highestOf(lines, level)) {
      const entries = this.#nextOf(level, lines, wish)
      if (entries.length > 0) return entries
    }
    return []
  }

  /** The group of this job had its turn. */
  served({ job }: JobEntry): void {
    if (this.#turns.size >= MAX_TURNS) this.#turns.clear()
    this.#turns.set(job.priority, job.group ?? '')
  }

  #nextOf(priority: number, all: readonly ReadyLine[], { count, allowance }: Omit<ReadyWish, 'sizes'>): JobEntry[] {
    const lines = all.length === 1 ? all : all.filter((line) => line.groupFrom(priority, '') !== undefined)
    const groups = this.#groupsInTurn(priority, lines, count, allowance)
    const share = Math.ceil(count / groups.length)
    const queues = groups.map((group) => {
      const places = oldestOf(lines, priority, group, Math.min(share, allowance(group)))
      return places.flatMap(({ num }) => this.#records.ready(num) ?? [])
    })
    return interleave(queues, count)
  }

  /** The groups that may run something, beginning after the one served last, once round; at most `count`. */
  #groupsInTurn(priority: number, lines: readonly ReadyLine[], count: number, allowance: Allowance): string[] {
    const served = this.#turns.get(priority)
    const groups: string[] = []
    const after = (group: string) => firstOf(lines.map((line) => line.groupAfter(priority, group)))
    const collect = (first: string | undefined, until: string | undefined): void => {
      for (let group = first; group !== undefined && groups.length < count; group = after(group)) {
        // In the order of the index, which is not that of JavaScript's strings.
        if (until !== undefined && compareUtf8(group, until) > 0) return
        if (allowance(group) > 0) groups.push(group)
        if (group === until) return
      }
    }
    if (served !== undefined) collect(after(served), undefined)
    collect(firstOf(lines.map((line) => line.groupFrom(priority, ''))), served)
    return groups
  }
}

function highestOf(lines: readonly ReadyLine[], below?: number): number | undefined {
  return lines.reduce<number | undefined>((highest, line) => {
    const own = line.highest(below)
    return own === undefined || (highest !== undefined && highest > own) ? highest : own
  }, undefined)
}

function firstOf(groups: readonly (string | undefined)[]): string | undefined {
  return groups.reduce((first, group) => {
    return group === undefined || (first !== undefined && compareUtf8(first, group) <= 0) ? first : group
  }, undefined)
}

function oldestOf(lines: readonly ReadyLine[], priority: number, group: string, count: number): ReadyPlace[] {
  const places = lines.flatMap((line) => line.oldest(priority, group, count))
  if (lines.length === 1) return places
  return places.sort((a, b) => a.runAt - b.runAt || a.num - b.num).slice(0, count)
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
