import type { Job } from '@longshore/client'
import type { Paint } from '../output.ts'
import { describeState, statusMark, statusWord } from './job-status.ts'
import { showInstant, showSpan } from './quantities.ts'
import { safeText } from './safe-text.ts'
import { type Column, fit, padTo, renderTable, type TableOptions } from './table.ts'

/** How much room there is, when it is, and how to colour. */
export interface Canvas {
  readonly width: number
  readonly nowMs: number
  readonly paint: Paint
}

/** The same for a table, which may go on with one that was begun. */
type JobsCanvas = Canvas & Pick<TableOptions, 'hasHead'>

/** Tells jobs of several tenants apart, whose groups may have the same name. */
const TENANT: Column<Job> = { head: 'TENANT', cell: (job) => safeText(job.tenant ?? ''), fromWidth: 80 }

/** Jobs as a table. The id is never cut: it is what the other commands take. */
export function renderJobs(jobs: readonly Job[], { width, nowMs, paint, hasHead = true }: JobsCanvas): string {
  const columns: Column<Job>[] = [
    { head: ' ', cell: (job) => statusMark(job.status, paint) },
    { head: 'JOB', cell: (job) => job.job_id },
    { head: 'STATUS', cell: (job) => statusWord(job.status, paint), fromWidth: 56 },
    { head: 'CREATED', cell: (job) => showInstant(job.created_at, nowMs), fromWidth: 120 },
    { head: 'AGE', cell: (job) => showSpan(nowMs - Date.parse(job.created_at)), align: 'right', fromWidth: 56 },
    ...(jobs.some(({ tenant }) => tenant !== null) ? [TENANT] : []),
    { head: 'GROUP', cell: (job) => safeText(job.group ?? ''), fromWidth: 120 },
    { head: 'DETAIL', cell: (job) => describeState(job, nowMs), fromWidth: 56 },
  ]
  return renderTable(columns, jobs, { width, paint, hasHead })
}

/** One job on one line, as it is shown while it is waited for. */
export function renderJobLine(job: Job, { width, nowMs, paint }: Canvas): string {
  const word = padTo(statusWord(job.status, paint), 'processing'.length)
  return fit(`${statusMark(job.status, paint)} ${shortId(job)} ${word} ${describeState(job, nowMs)}`.trimEnd(), width)
}

/** The end of an id: the beginning is the time, the same for jobs that were submitted together. */
function shortId({ job_id }: Job): string {
  return `…${job_id.slice(-8)}`
}
