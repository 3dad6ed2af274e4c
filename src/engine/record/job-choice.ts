import { LongshoreError } from '../../base/errors.ts'
import type { JobFilter } from '../activity.ts'
import type { JobQuery } from '../job-engine.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from './columns.ts'
import { stateOf } from './phase.ts'

/** Rows looked at in one piece while filtering: about 2 ms. */
export const SCAN_PAGE = 1_000

/** A page ends early when its jobs are longer than this together: parameters and results may be megabytes each. */
export const PAGE_BYTES = 16 * 1024 * 1024

/** The columns of a job that may be long. */
export const LONG_COLUMNS = ['parameters', 'result', 'outputs', 'checkpoint', 'progress', 'errors', 'labels']

/** A job as far as a listing must know it to choose and to order it. */
export interface Candidate {
  num: number
  createdAt: number
  phase: number
  group: string
  tenant: string
  labels: string | null
  completedAt: number | null
  schedule: string | null
  /** When it is, or was, due, in ms since 1970. */
  runAt: number
}

/** Where a listing goes on: after this job. Jobs are ordered by (createdAt, num), newest first. */
export type Position = Pick<Candidate, 'createdAt' | 'num'>

/** Whether a job is one of those asked for. */
export function isWanted(candidate: Candidate, query: JobQuery): boolean {
  const { phase, group, tenant, labels, completedAt } = candidate
  if (query.states && !query.states.includes(stateOf(phase))) return false
  if (query.group !== undefined && group !== query.group) return false
  if (query.tenant !== undefined && tenant !== query.tenant) return false
  if (query.schedule !== undefined && candidate.schedule !== query.schedule) return false
  if (query.completedBefore !== undefined && (completedAt === null || completedAt >= query.completedBefore))
    return false
  return query.labels === undefined || hasLabels(labels, query.labels)
}

/** Whether nothing but the state is asked for. */
export function isByStateAlone({ states: _, ...rest }: JobFilter): boolean {
  return Object.values(rest).every((each) => each === undefined)
}

/** Whether a state is one of those asked for. */
export function isAsked(state: string, { states }: JobFilter): boolean {
  return states?.some((asked) => asked === state) ?? true
}

function hasLabels(stored: string | null, wanted: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(wanted)
  if (stored === null || names.length === 0) return names.length === 0
  const labels: Record<string, string> = JSON.parse(stored)
  return names.every((name) => Object.hasOwn(labels, name) && labels[name] === wanted[name])
}

/** What a cursor tells: after which job a listing goes on. Its number is not in it: that would tell how many jobs others have. */
export interface Cursor {
  createdAt: number
  /** '' when the job was deleted before its page was read. */
  id: string
}

/**
 * Where a listing begins. A job was created before it was completed, so `completedBefore` bounds the range as
 * `createdBefore` does.
 * @param num the number of the cursor's job; undefined when it is gone, and then those of its instant come once more
 */
export function startOf(
  { createdBefore = Infinity, completedBefore = Infinity }: JobQuery,
  cursor: Cursor | undefined,
  num: number | undefined,
): Position {
  const newest = Math.min(createdBefore, completedBefore, Number.MAX_SAFE_INTEGER)
  if (cursor === undefined || cursor.createdAt >= newest) return { createdAt: newest, num: -1 }
  return { createdAt: cursor.createdAt, num: num ?? Number.MAX_SAFE_INTEGER }
}

/** Throws `VALIDATION_FAILED`. */
export function readCursor(cursor: string): Cursor {
  const [, createdAt, id] = /^(\d{1,16})\.([\w-]{0,64})$/.exec(cursor) ?? []
  if (createdAt === undefined || id === undefined) {
    throw new LongshoreError(
      'VALIDATION_FAILED',
      'cursor is not one that a listing gave. Take it from the Link header of the page before, or leave it out to begin anew.',
    )
  }
  return { createdAt: Number(createdAt), id }
}

/** Where the next page begins: after this job. */
export function cursorOf({ createdAt }: Pick<Candidate, 'createdAt'>, id: string | undefined): string {
  return `${createdAt}.${id ?? ''}`
}

/** Jobs of the pages of a search, more than so many if there are. */
export async function moreThan(limit: number, pages: AsyncIterable<Candidate[]>): Promise<Candidate[]> {
  const found: Candidate[] = []
  for await (const page of pages) {
    found.push(...page)
    if (found.length > limit) break
  }
  return found
}

/** The columns of {@link readCandidate}, in its order. */
export const CANDIDATE_COLUMNS = 'num, created_at, phase, grp, labels, completed_at, tenant, schedule, run_at'

export function readCandidate(row: Row): Candidate {
  return {
    num: integer(row, 0),
    createdAt: integer(row, 1),
    phase: integer(row, 2),
    group: text(row, 3),
    labels: textOrNull(row, 4),
    completedAt: integerOrNull(row, 5),
    tenant: text(row, 6),
    schedule: textOrNull(row, 7),
    runAt: integer(row, 8),
  }
}
