import type { SQLInputValue } from 'node:sqlite'
import { isEmpty } from '../../base/is-empty.ts'
import type { NewJob } from '../../job/job.ts'
import { PHASE, type Phase } from '../record/phase.ts'
import { storeProcessor } from '../record/processor-column.ts'
import { storeResources } from '../record/resources-column.ts'

/** A manifest longer than this lies in a table of its own: every change of a job rewrites its row. */
const LONGEST_MANIFEST_IN_ROW = 2_000

const BEGINNING =
  'version, failed_files_only, attempt, attempt_base, token, files_total, files_done, files_failed, files_bytes'
const OF_EVERY_JOB =
  'id, phase, created_at, updated_at, run_at, priority, grp, processor, manifest, max_attempts, timeout_ms'
const OF_SOME =
  'labels, parameters, idempotency_key, request_hash, traceparent, callback_url, schedule, tick, tenant, resources'

const BEGINNING_AND_OF_EVERY_JOB = '1, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?'

/** Inserts any job. */
export const INSERT_JOB = `INSERT OR IGNORE INTO jobs (${BEGINNING}, ${OF_EVERY_JOB}, ${OF_SOME})
  VALUES (${BEGINNING_AND_OF_EVERY_JOB}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** Inserts so many jobs of which nothing is told but what is told of every one. */
export function insertBareJobs(count: number): string {
  const rows = Array.from({ length: count }, () => `(${BEGINNING_AND_OF_EVERY_JOB})`)
  return `INSERT OR IGNORE INTO jobs (${BEGINNING}, ${OF_EVERY_JOB}) VALUES ${rows.join(', ')}`
}

/** A job as its row is to hold it. */
export interface NewRow {
  job: NewJob
  phase: Phase
  /** What {@link insertBareJobs} binds for it. */
  ofEvery: SQLInputValue[]
  /** What {@link INSERT_JOB} binds after that; undefined when there is nothing of it. */
  ofSome: SQLInputValue[] | undefined
  /** The manifest when it does not fit into the row. */
  longManifest: string | undefined
  /** Manifest and parameters are short. */
  isSmall: boolean
}

/** The row of a job, which is ready if it is due by `now`. */
export function newRow(job: NewJob, now: number): NewRow {
  const phase = job.runAt <= now ? PHASE.ready : PHASE.delayed
  const manifest = JSON.stringify(job.manifest)
  const parameters = job.parameters === null ? null : JSON.stringify(job.parameters)
  const isLong = manifest.length > LONGEST_MANIFEST_IN_ROW
  const ofEvery = [
    job.id,
    phase,
    job.createdAt,
    job.createdAt,
    job.runAt,
    job.priority,
    job.group ?? '',
    storeProcessor(job.processor),
    isLong ? null : manifest,
    job.maxAttempts,
    job.timeoutMs,
  ]
  return {
    job,
    phase,
    ofEvery,
    ofSome: isBare(job) ? undefined : valuesOfSome(job, parameters),
    longManifest: isLong ? manifest : undefined,
    isSmall: !isLong && (parameters?.length ?? 0) <= LONGEST_MANIFEST_IN_ROW,
  }
}

/** Whether nothing is told of a job but what is told of every one. */
function isBare(job: NewJob): boolean {
  return (
    job.parameters === null &&
    isEmpty(job.labels) &&
    job.idempotency === undefined &&
    job.traceparent === undefined &&
    job.callbackUrl === undefined &&
    job.schedule === undefined &&
    job.tenant === undefined &&
    !job.resources
  )
}

function valuesOfSome(job: NewJob, parameters: string | null): SQLInputValue[] {
  return [
    isEmpty(job.labels) ? null : JSON.stringify(job.labels),
    parameters,
    job.idempotency?.key ?? null,
    job.idempotency?.requestHash ?? null,
    job.traceparent ?? null,
    job.callbackUrl ?? null,
    job.schedule?.name ?? null,
    job.schedule?.tick ?? null,
    job.tenant ?? '',
    storeResources(job.resources ?? null),
  ]
}
