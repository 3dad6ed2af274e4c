import { PHASE } from '../../src/engine/record/phase.ts'
import type { AuditRow } from './audit.ts'

const { ready, processing, completed } = PHASE

/** An attempt as the database saw it: under which token, who held it, from when to when. */
export interface Held {
  token: number
  worker: string
  from: number
  to: number
  /** What became of the job. */
  phase: number
}

/** What the audit tells of one job. */
export interface History {
  attempts: Held[]
  violations: string[]
}

/** What each job went through, and what of it may not happen. */
export function historiesOf(rows: readonly AuditRow[]): Map<string, History> {
  const byJob = Map.groupBy(rows, ({ job }) => job)
  return new Map([...byJob].map(([job, own]) => [job, historyOf(own)]))
}

function historyOf(rows: readonly AuditRow[]): History {
  const attempts: Held[] = []
  const violations: string[] = []
  let claimed: AuditRow | undefined
  let isCancelAsked = false
  for (const [place, row] of rows.entries()) {
    const refuse = (text: string): void => void violations.push(`${row.job}: ${text}: ${JSON.stringify(row)}`)
    switch (stepOf(row)) {
      case 'inserted':
        if (place > 0) refuse('inserted twice')
        // A job that comes to a free slot is claimed by its insert.
        if (row.phase === processing) claimed = row
        if (row.phase === processing ? row.token !== 1 : row.token !== 0)
          refuse('inserted under a token it may not have')
        break
      case 'claimed':
        if (claimed) refuse('claimed while it was held')
        if (isCancelAsked) refuse('begun again after a cancel was accepted')
        claimed = row
        break
      case 'ended':
        if (claimed === undefined || claimed.token !== row.token) refuse('ended under a token it was not claimed with')
        if (row.endedBy !== `${row.token} ${row.worker}` && row.at < (row.leaseExpiredAt ?? 0)) {
          refuse('taken from a worker whose lease had not run out')
        }
        attempts.push({
          token: row.token ?? 0,
          worker: row.worker ?? '',
          from: claimed?.at ?? 0,
          to: row.at,
          phase: row.phase ?? 0,
        })
        claimed = undefined
        break
      case 'unknown':
        refuse('a move that may not happen')
        break
    }
    isCancelAsked ||= row.cancelAsked
  }
  const outcomes = rows.filter(({ was, phase }) => phase !== null && phase >= completed && was !== phase)
  if (outcomes.length > 1) violations.push(`${rows[0]?.job}: settled ${outcomes.length} times`)
  return { attempts, violations }
}

function stepOf({ was, phase, tokenWas, token }: AuditRow): 'inserted' | 'claimed' | 'ended' | 'other' | 'unknown' {
  if (was === null) return 'inserted'
  if (phase === null) return was >= completed ? 'other' : 'unknown'
  if (phase === processing && was === ready) return token === (tokenWas ?? 0) + 1 ? 'claimed' : 'unknown'
  if (token !== tokenWas) return 'unknown'
  if (was === phase) return 'other'
  if (was === processing) return 'ended'
  const isWaiting = was < processing
  const isPromoted = phase === ready
  const isCancelled = phase === PHASE.cancelled
  return isWaiting && (isPromoted || isCancelled) ? 'other' : 'unknown'
}
