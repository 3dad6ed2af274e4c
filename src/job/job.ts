import type { Resources } from './resources.ts'

/** Anything JSON can carry. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue }

/**
 * Where a job stands.
 *
 * - `queued`: accepted, durable, waits for `runAt` and a slot; moved on by a worker's claim or a person's cancel
 * - `processing`: one attempt holds the lease; moved on by that attempt's settle, or by rescue when the lease expires
 * - `completed`, `failed`, `cancelled`: final; moved on by a person's retry (failed, cancelled) or by prune
 */
export type JobState = 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled'

/** Where the list of input files comes from. */
export type ManifestSource = { uri: string } | { files: readonly ManifestEntry[] }

/** One input file as a manifest names it. */
export interface ManifestEntry {
  uri: string
  /** Lower-case hex; checked while the file is fetched. */
  sha256?: string
}

/** What a job is doing, as its reader sees it: a stage, then whatever the processor reports. */
export interface Progress {
  stage: string
  percent?: number
  message?: string
  [detail: string]: JsonValue | undefined
}

/** Why one attempt failed. */
export interface AttemptError {
  attempt: number
  code: string
  message: string
  /** Milliseconds since 1970. */
  at: number
}

/** One object that the winning attempt committed. */
export interface OutputObject {
  uri: string
  sizeBytes: number
  sha256: string
  mediaType: string
}

/** How many of a job's files stand where. */
export interface FileCounts {
  /** Files in the manifest; 0 until it was read. */
  total: number
  done: number
  failed: number
  /** Bytes of the files that were fetched. */
  bytes: number
}

/** The record of one unit of submitted work. Instants are milliseconds since 1970. */
export interface Job {
  id: string
  state: JobState
  /** Grows by one with every fact about the job; the `id` of its newest event. */
  version: number
  createdAt: number
  updatedAt: number
  /** Not before this instant. */
  runAt: number
  /** When the newest attempt started. */
  startedAt: number | null
  completedAt: number | null
  cancelRequestedAt: number | null

  manifest: ManifestSource
  parameters: JsonValue
  processor: { name: string; version: string }
  /** Whose job it is: a tenant sees its own jobs only. Null belongs to no tenant. */
  tenant: string | null
  /** Larger runs first; 0 unless given. */
  priority: number
  /** Groups take turns, and may have a limit of jobs that run at once. */
  group: string | null
  labels: Readonly<Record<string, string>>
  maxAttempts: number
  timeoutMs: number
  /** The schedule that submitted it by name, and the tick it did so for, in ms since 1970; null when a person did. */
  schedule: { name: string; tick: number | null } | null
  /** What it takes of a worker while it runs; null when nothing is counted. */
  resources: Resources | null
  /** The span that submitted it, as W3C Trace Context writes it; null when it belongs to no trace. */
  traceparent: string | null
  /** Who is told when the job has ended; null when nobody asked. */
  callbackUrl: string | null
  /** Only files whose ledger state is not `done` are worked on. */
  failedFilesOnly: boolean

  /** Attempts started so far, less those that an interruption or a snooze took back. */
  attempt: number
  /** The attempt number before the last requeue by a person: retries are counted from here. */
  attemptBase: number
  /** The fencing token: grows with every claim. */
  token: number
  worker: string | null
  leaseExpiresAt: number | null
  checkpoint: JsonValue

  progress: Progress
  result: JsonValue
  /** What a person should read first when the job failed. */
  error: string | null
  errors: readonly AttemptError[]
  files: FileCounts
  outputs: readonly OutputObject[]
}

/** What submitting fixes about a job; all else begins empty. */
export interface NewJob
  extends Pick<
    Job,
    | 'id'
    | 'createdAt'
    | 'runAt'
    | 'manifest'
    | 'parameters'
    | 'processor'
    | 'priority'
    | 'group'
    | 'labels'
    | 'maxAttempts'
    | 'timeoutMs'
  > {
  /** Whose job it is; nobody's unless given. */
  tenant?: string
  /** The schedule that submits it. */
  schedule?: NonNullable<Job['schedule']>
  /** What it takes of a worker while it runs; nothing is counted unless given. */
  resources?: Resources | null
  /** The span that submits it, as W3C Trace Context writes it. */
  traceparent?: string
  /** Who is told when it has ended. */
  callbackUrl?: string
  /** The same key of the same tenant with the same hash gives the same job; with another hash it is refused. */
  idempotency?: { key: string; requestHash: string }
}

/** A job as it was asked for, before its input files and its instant of creation are known. */
export type JobDraft = Omit<NewJob, 'createdAt' | 'manifest'>

/** Where one input file of a job stands. */
export type FileState = 'pending' | 'downloaded' | 'done' | 'failed' | 'skipped'

/** One row of a job's per-file ledger. */
export interface JobFile {
  /** Position in the manifest, from 0. */
  index: number
  uri: string
  state: FileState
  sizeBytes: number | null
  etag: string | null
  sha256: string | null
  error: string | null
}

/** One line a job's attempts logged. */
export interface LogLine {
  attempt: number
  at: number
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  message: string
  fields?: { [name: string]: JsonValue }
}

/** The right to run one attempt of a job until `expiresAt`; `token` proves which claim it came from. */
export interface Lease {
  jobId: string
  attempt: number
  token: number
  worker: string
  expiresAt: number
}

/** Whether a state can only be left by a person. */
export function isFinal(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}
