import { z } from 'zod'

/** An instant in UTC, e.g. `2026-03-01T12:00:00.000Z`. */
export const Timestamp = z.iso.datetime()

const nullableTimestamp = Timestamp.nullable()

/** Anything JSON can carry. */
export type Json = z.core.util.JSONType

/**
 * Any JSON; the processor says what it means. Whatever came out of a JSON parser is JSON, so it is not walked again:
 * `z.json()` takes seconds for a body of 16 MiB.
 */
export const ProcessorDefined = z.unknown().describe('Processor-defined JSON') as z.ZodType<Json>

const JobStatus = z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled'])

/** Says which states there are, to who asks for another. */
export const UNKNOWN_STATUS = `expected each to be one of ${JobStatus.options.join(', ')}`

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/i)
  .describe('Hexadecimal SHA-256')

/** An input file that is named with its digest. */
export const ManifestObject = z.strictObject({ uri: z.string().min(1), sha256: sha256.optional() })

/** An input file in an inline manifest or a line of a manifest object. */
const ManifestFile = z.union([z.string().min(1), ManifestObject], {
  error: 'expected an s3 URI, or {"uri": an s3 URI, "sha256": 64 hexadecimal digits}',
})

/** A manifest object: `{"files": […]}`. */
export const Manifest = z.strictObject({ files: z.array(ManifestFile).min(1) })

/** Labels a job may have. */
export const MAX_LABELS = 32

const labels = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((all) => Object.keys(all).length <= MAX_LABELS, {
    error: `at most ${MAX_LABELS} labels`,
  })

const callbackUrl = z
  .string()
  .max(2048)
  .refine(isCallbackUrl, { error: 'expected an http:// or https:// URL without a user name or password' })
  .describe('Is told when the job has ended, by a signed webhook')

function isCallbackUrl(given: string): boolean {
  const url = URL.parse(given)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}

const MOST_CPU = 100_000

/** What a job takes of a worker while it runs; what is left out is the processor's word, or nothing. */
export const ResourceNeeds = z
  .strictObject({
    cpu: z.number().min(0).max(MOST_CPU).optional().describe('Processors, counted in thousandths'),
    memory_bytes: z.int().min(0).optional(),
    scratch_bytes: z.int().min(0).optional().describe('Disk for its input files and what it writes beside them'),
  })
  .meta({ id: 'ResourceNeeds' })

/** What a job takes, or a worker has; 0 where nothing is counted. */
export const Resources = z
  .object({ cpu: z.number(), memory_bytes: z.int(), scratch_bytes: z.int() })
  .meta({ id: 'Resources' })

/** What every way to submit takes beside the files themselves. */
export const JobOptions = z.strictObject({
  parameters: ProcessorDefined.optional(),
  priority: z.int().min(-1000).max(1000).optional().describe('Larger runs first; 0 unless given'),
  delay_seconds: z.number().min(0).max(31_536_000).optional().describe('Not before this many seconds from now'),
  run_at: z.iso.datetime({ offset: true }).optional().describe('Not before this instant'),
  max_attempts: z.int().min(1).max(100).optional(),
  timeout_seconds: z.number().min(0.001).max(2_592_000).optional().describe('How long one attempt may take'),
  group: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: 'expected neither control characters nor broken Unicode' })
    .optional()
    .describe('Groups take turns and may have a limit each'),
  labels: labels.optional(),
  callback_url: callbackUrl.optional(),
  resources: ResourceNeeds.optional().describe('What it takes of a worker while it runs; else as the processor says'),
})

/** A refinement of everything that takes {@link JobOptions}. */
export const oneDueTime = {
  check: (options: { delay_seconds?: unknown; run_at?: unknown }) =>
    options.delay_seconds === undefined || options.run_at === undefined,
  error: 'give delay_seconds or run_at, not both',
}

/** `POST /jobs`. */
export const SubmitJob = z
  .strictObject({
    // Of the two, the original takes null for absent: its clients may send both.
    manifest_uri: z.string().min(1).nullish().describe('s3 URI of a manifest in JSON or JSON Lines'),
    manifest_inline: Manifest.nullish(),
    ...JobOptions.shape,
  })
  .refine((body) => (body.manifest_uri == null) !== (body.manifest_inline == null), {
    error: 'give exactly one of manifest_uri and manifest_inline',
  })
  .refine(oneDueTime.check, { error: oneDueTime.error })
  .meta({ id: 'SubmitJob' })

/** The answer to a submit. */
export const SubmittedJob = z
  .object({ job_id: z.uuid(), status: JobStatus, created_at: Timestamp })
  .meta({ id: 'SubmittedJob' })

/** What a job is doing: a stage, then whatever the processor reports. */
const JobProgress = z.looseObject({
  stage: z.string(),
  percent: z.number().optional(),
  message: z.string().optional(),
})

/** Why a job does not run yet. */
const WaitsFor = z.object({
  reason: z
    .enum(['due_time', 'worker', 'budget', 'tenant_limit', 'group_limit', 'slot', 'cpu', 'memory', 'scratch', 'turn'])
    .describe(
      'The instant it is due, any worker, a worker with a budget it fits, another of its tenant or group to end, a slot, what it needs to be free, or its turn',
    ),
  message: z.string().describe('For people'),
  largest_budget: Resources.nullable().describe('Of each thing, the most that any worker has'),
})

/** A job as its readers see it; what does not apply is null. */
export const Job = z
  .object({
    job_id: z.uuid(),
    status: JobStatus,
    created_at: Timestamp,
    started_at: nullableTimestamp,
    completed_at: nullableTimestamp,
    error: z.string().nullable(),
    result: ProcessorDefined.nullable(),
    progress: JobProgress.nullable(),

    updated_at: Timestamp,
    run_at: Timestamp,
    cancel_requested_at: nullableTimestamp,
    attempt: z.int().describe('Attempts started so far'),
    max_attempts: z.int(),
    timeout_seconds: z.number(),
    priority: z.int(),
    group: z.string().nullable(),
    tenant: z.string().nullable().describe('Whose job it is'),
    schedule: z
      .object({ name: z.string(), tick: nullableTimestamp.describe('Null when it was fired by hand') })
      .nullable()
      .describe('The schedule that submitted it'),
    labels: z.record(z.string(), z.string()),
    callback_url: z.string().nullable().describe('Without its query, which may hold a secret'),
    parameters: ProcessorDefined.nullable(),
    processor: z.object({ name: z.string(), version: z.string() }),
    files: z.object({ total: z.int(), done: z.int(), failed: z.int(), bytes: z.int() }),
    errors: z.array(z.object({ attempt: z.int(), code: z.string(), message: z.string(), at: Timestamp })),
    worker: z.string().nullable(),
    eta_seconds: z.number().nullable().describe('From the percent of the progress'),
    queue_position: z
      .int()
      .nullable()
      .describe(
        'Jobs before it while it is queued, those of its tenant alone where it has one; when one job is asked for and fewer than 10,000 are before it',
      ),
    resources: Resources.nullable().describe('What it takes of a worker while it runs'),
    waits_for: WaitsFor.nullable().describe(
      'Why it does not run yet, while it is queued and when one job is asked for',
    ),
    links: z.object({
      self: z.string(),
      events: z.string(),
      files: z.string(),
      outputs: z.string(),
      logs: z.string(),
      webhooks: z.string(),
      cancel: z.string(),
      retry: z.string(),
    }),
  })
  .meta({ id: 'Job' })

/** The path of everything that belongs to one job. */
export const JobPath = z.object({ job_id: z.string().describe('From the answer to the submit') })

const cursor = z.string().max(1024).optional().describe('From the `Link` of the page before')

/** `GET /jobs/{job_id}`. */
export const ReadJob = z.strictObject({
  wait: z.coerce.number().min(0).max(60).optional().describe('Seconds to wait for the state or the progress to change'),
})

/** `GET /jobs`. */
export const ListJobs = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .describe('At most so many; a page ends early when its jobs are very long together'),
  status: z
    .union([JobStatus, z.array(JobStatus)], { error: UNKNOWN_STATUS })
    .optional()
    .describe('May be given several times'),
  label: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('`name=value`; may be given several times'),
  group: z.string().optional(),
  schedule: z.string().min(1).optional().describe('Only jobs that the schedule of this name submitted'),
  tenant: z.string().min(1).optional().describe('A caller with a tenant sees its own jobs whatever it asks for'),
  created_after: z.iso.datetime({ offset: true }).optional(),
  created_before: z.iso.datetime({ offset: true }).optional(),
  cursor,
})

/** `POST /jobs/{id}/retry`; the body may be left out. */
export const RetryJob = z
  .strictObject({
    failed_files_only: z.boolean().optional().describe('Work only on files that are not done'),
  })
  .nullish()

/** `POST /jobs/{id}/tokens`; the body may be left out. */
export const CreateToken = z
  .strictObject({
    expires_in_seconds: z
      .int()
      .min(1)
      .max(604_800)
      .optional()
      .describe('3,600 unless given; no longer than the key lasts'),
  })
  .nullish()

/** A token that lets its bearer read one job. */
export const ReadToken = z
  .object({ job_id: z.uuid(), token: z.string(), expires_at: Timestamp })
  .meta({ id: 'ReadToken' })

const FileStatus = z.enum(['pending', 'downloaded', 'done', 'failed', 'skipped'])

/** One row of the per-file ledger. */
export const JobFile = z
  .object({
    index: z.int().describe('Position in the manifest, from 0'),
    uri: z.string(),
    status: FileStatus,
    size_bytes: z.int().nullable(),
    etag: z.string().nullable(),
    sha256: z.string().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'JobFile' })

/** `GET /jobs/{id}/files`. */
export const ListFiles = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  status: z.union([FileStatus, z.array(FileStatus)]).optional(),
  cursor,
})

export const JobFiles = z.array(JobFile)

/** One object a completed job left, and where to fetch it. */
export const JobOutput = z
  .object({
    uri: z.string(),
    size_bytes: z.int(),
    sha256: z.string(),
    media_type: z.string(),
    url: z.string().describe('Serves the object until expires_at; needs no credentials'),
    expires_at: Timestamp,
  })
  .meta({ id: 'JobOutput' })

/** `GET /jobs/{id}/outputs`. */
export const JobOutputs = z.object({ job_id: z.uuid(), outputs: z.array(JobOutput) })

/** `GET /jobs/{id}/logs`. */
export const ReadLogs = z.strictObject({
  tail: z.coerce.number().int().min(1).max(1_000_000).default(1000).describe('The newest so many lines'),
})

export const LogLine = z
  .object({
    attempt: z.int(),
    at: Timestamp,
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    message: z.string(),
    fields: z.record(z.string(), ProcessorDefined).optional(),
  })
  .meta({ id: 'LogLine' })

export const JobLogs = z.object({ job_id: z.uuid(), lines: z.array(LogLine) })

/** The `data` of one server-sent event of `GET /jobs/{id}/events`. */
export const JobEvent = z
  .looseObject({ job_id: z.uuid(), type: z.string(), status: JobStatus, at: Timestamp })
  .meta({ id: 'JobEvent' })
