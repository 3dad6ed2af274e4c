import type { SQLInputValue } from 'node:sqlite'
import { isEmpty } from '../../base/is-empty.ts'
import type { NewJob } from '../../job/job.ts'
import type { Phase } from '../record/phase.ts'
import { storeProcessor } from '../record/processor-column.ts'
import { storeResources } from '../record/resources-column.ts'

/** A manifest longer than this lies in a table of its own: every change of a job rewrites its row. */
const LONGEST_MANIFEST_IN_ROW = 2_000

/** The INSERT of {@link insertValues}. */
export const INSERT_JOB = `INSERT OR IGNORE INTO jobs
  (id, phase, version, created_at, updated_at, run_at, priority, grp, labels, processor, manifest, parameters,
   max_attempts, timeout_ms, failed_files_only, attempt, attempt_base, token, files_total, files_done, files_failed,
   files_bytes, idempotency_key, request_hash, traceparent, tenant, callback_url, schedule, tick, resources)
  VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?)`

/** What {@link INSERT_JOB} binds. */
export interface InsertedJob {
  values: SQLInputValue[]
  /** The manifest when it does not fit into the row. */
  longManifest: string | undefined
  /** Manifest and parameters are short. */
  isSmall: boolean
}

export function insertValues(job: NewJob, phase: Phase): InsertedJob {
  const manifest = JSON.stringify(job.manifest)
  const parameters = job.parameters === null ? null : JSON.stringify(job.parameters)
  const isLong = manifest.length > LONGEST_MANIFEST_IN_ROW
  const values = [
    job.id,
    phase,
    job.createdAt,
    job.createdAt,
    job.runAt,
    job.priority,
    job.group ?? '',
    isEmpty(job.labels) ? null : JSON.stringify(job.labels),
    storeProcessor(job.processor),
    isLong ? null : manifest,
    parameters,
    job.maxAttempts,
    job.timeoutMs,
    job.idempotency?.key ?? null,
    job.idempotency?.requestHash ?? null,
    job.traceparent ?? null,
    job.tenant ?? '',
    job.callbackUrl ?? null,
    job.schedule?.name ?? null,
    job.schedule?.tick ?? null,
    storeResources(job.resources ?? null),
  ]
  const isSmall = !isLong && (parameters?.length ?? 0) <= LONGEST_MANIFEST_IN_ROW
  return { values, longManifest: isLong ? manifest : undefined, isSmall }
}
