import type { Job, JobState, JsonValue, ManifestSource, Progress } from '../../job/job.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from './columns.ts'
import { stateOf } from './phase.ts'
import { readResources } from './resources-column.ts'

/** A job with the number and the phase of its row. */
export interface JobEntry {
  readonly num: number
  readonly phase: number
  readonly job: Job
  /** The events that lie in the row, as the items of a JSON array. */
  readonly events: string
}

/** What a column of a job is stored as. */
type ColumnValue = string | number | null

/** The columns of a job that may change: what the job holds, and how that is stored. */
export interface ChangingColumn {
  name: string
  /** Compared by identity to see what changed: a job is never altered in place. */
  value(entry: JobEntry): unknown
  store(entry: JobEntry): ColumnValue
}

/** What a job shows while nothing was reported; stored as NULL. */
export const SILENT_PROGRESS: Readonly<Record<JobState, Progress>> = {
  queued: { stage: 'queued' },
  processing: { stage: 'starting' },
  completed: { stage: 'completed', percent: 100 },
  failed: { stage: 'failed' },
  cancelled: { stage: 'cancelled' },
}

/** Whether nothing was reported of a job yet. */
export function isSilent({ state, progress }: Job): boolean {
  return progress === SILENT_PROGRESS[state]
}

function plain(name: string, value: (job: Job) => ColumnValue): ChangingColumn {
  return { name, value: ({ job }) => value(job), store: ({ job }) => value(job) }
}

function json(name: string, value: (job: Job) => unknown, isDefault: (job: Job) => boolean): ChangingColumn {
  return {
    name,
    value: ({ job }) => value(job),
    store: ({ job }) => (isDefault(job) ? null : JSON.stringify(value(job))),
  }
}

/** In the order of the bits by which a set of changed columns is known; at most 31. */
export const CHANGING_COLUMNS: readonly ChangingColumn[] = [
  { name: 'phase', value: (entry) => entry.phase, store: (entry) => entry.phase },
  plain('version', (job) => job.version),
  plain('updated_at', (job) => job.updatedAt),
  plain('run_at', (job) => job.runAt),
  plain('started_at', (job) => job.startedAt),
  plain('completed_at', (job) => job.completedAt),
  plain('cancel_requested_at', (job) => job.cancelRequestedAt),
  plain('failed_files_only', (job) => (job.failedFilesOnly ? 1 : 0)),
  plain('attempt', (job) => job.attempt),
  plain('attempt_base', (job) => job.attemptBase),
  plain('token', (job) => job.token),
  plain('worker', (job) => job.worker),
  json(
    'checkpoint',
    (job) => job.checkpoint,
    (job) => job.checkpoint === null,
  ),
  json('progress', (job) => job.progress, isSilent),
  json(
    'result',
    (job) => job.result,
    (job) => job.result === null,
  ),
  plain('error', (job) => job.error),
  json(
    'errors',
    (job) => job.errors,
    (job) => job.errors.length === 0,
  ),
  plain('files_total', (job) => job.files.total),
  plain('files_done', (job) => job.files.done),
  plain('files_failed', (job) => job.files.failed),
  plain('files_bytes', (job) => job.files.bytes),
  json(
    'outputs',
    (job) => job.outputs,
    (job) => job.outputs.length === 0,
  ),
  { name: 'events', value: (entry) => entry.events, store: (entry) => entry.events },
]

/** The columns of {@link readEntry}, in its order. */
export const ENTRY_COLUMNS =
  'num, phase, id, version, created_at, updated_at, run_at, started_at, completed_at, cancel_requested_at, priority, grp, ' +
  'labels, processor, manifest, parameters, max_attempts, timeout_ms, failed_files_only, attempt, attempt_base, token, ' +
  'worker, checkpoint, progress, result, error, errors, files_total, files_done, files_failed, files_bytes, outputs, events, ' +
  'traceparent, tenant, callback_url, schedule, tick, resources'

/** Reads a row of {@link ENTRY_COLUMNS}; `readManifest` fetches a manifest that is too long to lie in the row. */
export function readEntry(row: Row, readManifest: (num: number) => ManifestSource): JobEntry {
  const num = integer(row, 0)
  const phase = integer(row, 1)
  const state = stateOf(phase)
  const job: Job = {
    id: text(row, 2),
    state,
    version: integer(row, 3),
    createdAt: integer(row, 4),
    updatedAt: integer(row, 5),
    runAt: integer(row, 6),
    startedAt: integerOrNull(row, 7),
    completedAt: integerOrNull(row, 8),
    cancelRequestedAt: integerOrNull(row, 9),
    priority: integer(row, 10),
    group: text(row, 11) || null,
    labels: parsed(row, 12, NO_LABELS),
    processor: parseProcessor(text(row, 13)),
    manifest: parsed(row, 14, NO_MANIFEST),
    parameters: parsed<JsonValue>(row, 15, null),
    maxAttempts: integer(row, 16),
    timeoutMs: integer(row, 17),
    failedFilesOnly: integer(row, 18) === 1,
    attempt: integer(row, 19),
    attemptBase: integer(row, 20),
    token: integer(row, 21),
    worker: textOrNull(row, 22),
    leaseExpiresAt: null,
    checkpoint: parsed<JsonValue>(row, 23, null),
    progress: parsed(row, 24, SILENT_PROGRESS[state]),
    result: parsed<JsonValue>(row, 25, null),
    error: textOrNull(row, 26),
    errors: parsed(row, 27, NOTHING),
    files: {
      total: integer(row, 28),
      done: integer(row, 29),
      failed: integer(row, 30),
      bytes: integer(row, 31),
    },
    outputs: parsed(row, 32, NOTHING),
    traceparent: textOrNull(row, 34),
    tenant: text(row, 35) || null,
    callbackUrl: textOrNull(row, 36),
    schedule: row[37] === null ? null : { name: text(row, 37), tick: integerOrNull(row, 38) },
    resources: readResources(text(row, 39)),
  }
  if (row[14] === null) readLate(job, () => readManifest(num))
  return { num, phase, job, events: textOrNull(row, 33) ?? '' }
}

const NO_LABELS: Readonly<Record<string, string>> = {}
const NO_MANIFEST: ManifestSource = { files: [] }
const NOTHING: readonly never[] = []

/** A long manifest is read when it is looked at, so that listing or polling jobs does not read megabytes nobody asked for. */
function readLate(job: Job, read: () => ManifestSource): void {
  let manifest: ManifestSource | undefined
  Object.defineProperty(job, 'manifest', {
    enumerable: true,
    configurable: true,
    get: () => {
      manifest ??= read()
      return manifest
    },
  })
}

function parsed<Value>(row: Row, column: number, absent: Value): Value {
  const stored = textOrNull(row, column)
  return stored === null ? absent : JSON.parse(stored)
}

let lastProcessor = { stored: '', parsed: { name: '', version: '' } }

/** Nearly every row holds the same processor: parsing it once saves half a microsecond a row. */
function parseProcessor(stored: string): Job['processor'] {
  if (lastProcessor.stored !== stored) lastProcessor = { stored, parsed: JSON.parse(stored) }
  return lastProcessor.parsed
}
