import type { DatabaseSync } from 'node:sqlite'
import { compareUtf8 } from '../../base/utf8-order.ts'
import { groupsOfTenant, tenantOfGroup } from '../../job/queue-group.ts'
import type { JobEntry } from '../record/job-row.ts'
import { TurnsTaken } from '../turns-taken.ts'
import type { Allowance } from './allowances.ts'
import type { JobRecords } from './job-records.ts'
import { ReadyLine, type ReadyPlace } from './ready-line.ts'

/** Which of the ready jobs are wanted. */
export interface ReadyWish {
  count: number
  allowance: Allowance
  /** Of these sizes, as their column has them. */
  sizes: readonly string[]
  /** Only of higher priorities than this. */
  above?: number | undefined
}

/** Who takes turns with others: a tenant with all its groups, or a group that is no tenant's. */
interface Party {
  /** Those that may run something, in their own turn. */
  groups: string[]
  /** How many of its jobs may run in all. */
  allowed: number
}

/**
 * The order in which ready jobs run: highest priority, then one of each tenant in turn and of a tenant one of each of its
 * groups (groups that are no tenant's take turns like tenants), then the oldest. Every step is one
 * seek for each size in its index, so it costs the same with a thousand jobs or groups as with a million, also when those
 * before them are of sizes that are not wanted: the next group in turn is the next name in the index after the one that
 * was served last.
 */
export class ReadyQueue {
  readonly #records: JobRecords
  readonly #lineOf: (size: string) => ReadyLine
  readonly #turns = new TurnsTaken()

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
    this.#turns.served(job.priority, job.group ?? '')
  }

  #nextOf(priority: number, all: readonly ReadyLine[], { count, allowance }: Omit<ReadyWish, 'sizes'>): JobEntry[] {
    const lines = all.length === 1 ? all : all.filter((line) => line.groupFrom(priority, '') !== undefined)
    const parties = this.#partiesInTurn(priority, lines, count, allowance)
    const share = Math.ceil(count / parties.length)
    const queues = parties.map(({ groups, allowed }) => {
      const most = Math.min(share, allowed)
      const ofEach = Math.ceil(most / groups.length)
      const waiting = groups.map((group) => {
        const places = oldestOf(lines, priority, group, Math.min(ofEach, allowance.ofGroup(group)))
        return places.flatMap(({ num }) => this.#records.ready(num) ?? [])
      })
      return interleave(waiting, most)
    })
    return interleave(queues, count)
  }

  /** Whoever may run something, beginning after the one served last, once round; at most `count`. */
  #partiesInTurn(priority: number, lines: readonly ReadyLine[], count: number, allowance: Allowance): Party[] {
    const parties: Party[] = []
    const served = this.#turns.last(priority)
    const ring = { from: '', served, next: (group: string) => afterParty(lines, priority, group) }
    for (const group of round(lines, priority, ring)) {
      const tenant = tenantOfGroup(group)
      const allowed = tenant === undefined ? Number.POSITIVE_INFINITY : allowance.ofTenant(tenant)
      const groups = allowed > 0 ? this.#groupsInTurn(priority, lines, group, count, allowance) : []
      if (groups.length > 0) parties.push({ groups, allowed })
      if (parties.length === count) break
    }
    return parties
  }

  /** The groups of one party that may run something, in the same way. */
  #groupsInTurn(
    priority: number,
    lines: readonly ReadyLine[],
    first: string,
    count: number,
    allowance: Allowance,
  ): string[] {
    const tenant = tenantOfGroup(first)
    if (tenant === undefined) return allowance.ofGroup(first) > 0 ? [first] : []
    const { from, to } = groupsOfTenant(tenant)
    const served = this.#turns.last(priority, tenant)
    const next = (group: string) => firstOf(lines.map((line) => line.groupAfter(priority, group)))
    const groups: string[] = []
    for (const group of round(lines, priority, { from, to, served, next })) {
      if (allowance.ofGroup(group) > 0) groups.push(group)
      if (groups.length === count) break
    }
    return groups
  }
}

/** Names of groups that are gone round. */
interface Ring {
  /** The first, inclusive. */
  from: string
  /** Where it ends, exclusive; at the last name there is when absent. */
  to?: string
  /** It begins after this one, and ends with it. */
  served: string | undefined
  next(group: string): string | undefined
}

/** Goes round once. */
function* round(lines: readonly ReadyLine[], priority: number, { from, to, served, next }: Ring): Generator<string> {
  // In the order of the index, which is not that of JavaScript's strings.
  const within = (group: string | undefined): group is string =>
    group !== undefined && (to === undefined || compareUtf8(group, to) < 0)
  const start = served === undefined ? undefined : next(served)
  for (let group = start; within(group); group = next(group)) yield group
  const first = firstOf(lines.map((line) => line.groupFrom(priority, from)))
  for (let group = first; within(group); group = next(group)) {
    if (start !== undefined && compareUtf8(group, start) >= 0) return
    yield group
  }
}

/** The first group behind all of this one's tenant, or behind this one. */
function afterParty(lines: readonly ReadyLine[], priority: number, group: string): string | undefined {
  const tenant = tenantOfGroup(group)
  if (tenant === undefined) return firstOf(lines.map((line) => line.groupAfter(priority, group)))
  return firstOf(lines.map((line) => line.groupFrom(priority, groupsOfTenant(tenant).to)))
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
