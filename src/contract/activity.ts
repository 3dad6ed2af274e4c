import { z } from 'zod'
import { Job, ListJobs, Timestamp, UNKNOWN_STATUS } from './job.ts'

const JobStatus = Job.shape.status

const oneOrMore = <Item extends z.ZodType>(item: Item, error: string) =>
  z.union([item, z.array(item).max(100)], { error })

const { group, schedule, tenant, created_after, created_before } = ListJobs.shape

/** Which jobs a bulk action is about: as `GET /jobs` filters them. */
const JobFilter = {
  status: oneOrMore(JobStatus, UNKNOWN_STATUS).optional(),
  label: oneOrMore(z.string(), 'expected name=value, or at most 100 of them')
    .optional()
    .describe('`name=value`; all of them must be there'),
  group,
  schedule,
  tenant,
  created_after,
  created_before,
  all: z.literal(true).optional().describe('Needed to mean every job, when nothing else is given'),
  dry_run: z.boolean().optional().describe('Only count the jobs'),
  cursor: z.string().max(1024).optional().describe('The `next` of the answer before, to go on'),
}

const saysWhich = {
  check: ({ status, label, group, schedule, tenant, created_after, created_before, all }: Record<string, unknown>) =>
    [status, label, group, schedule, tenant, created_after, created_before, all].some((each) => each !== undefined),
  error: 'say which jobs: give status, label, group, schedule, tenant, created_after or created_before, or "all": true',
}

/** `POST /jobs/cancel`. */
export const CancelJobs = z
  .strictObject(JobFilter)
  .refine(saysWhich.check, { error: saysWhich.error })
  .meta({ id: 'CancelJobs' })

/** `POST /jobs/retry`. */
export const RetryJobs = z
  .strictObject({
    ...JobFilter,
    failed_files_only: z.boolean().optional().describe('Work only on files that are not done'),
  })
  .refine(saysWhich.check, { error: saysWhich.error })
  .meta({ id: 'RetryJobs' })

/** What a bulk action came to. */
export const BulkAnswer = z
  .object({
    matched: z.int().describe('Jobs that the filter matches and the action can be about'),
    changed: z.int().describe('Those that were changed; 0 in a dry run'),
    next: z.string().nullable().describe('Give it as `cursor` to go on; null when all are done'),
  })
  .meta({ id: 'BulkAnswer' })

/** One process of the service. */
export const WorkerView = z
  .object({
    name: z.string().describe('As in the `worker` of its jobs'),
    role: z.enum(['all', 'api', 'worker']),
    started_at: Timestamp,
    seen_at: Timestamp.describe('When it last said that it lives'),
    slots: z.int().describe('Jobs that may run there at once'),
    busy: z.int().describe('Jobs it has claimed: where they are short, some wait there for a slot'),
    jobs: z
      .array(
        z.object({
          job_id: z.uuid(),
          attempt: z.int(),
          started_at: Timestamp,
          stage: z.string(),
          percent: z.number().nullable(),
        }),
      )
      .describe('Those jobs, the oldest first; of very many, some'),
  })
  .meta({ id: 'Worker' })

/** `GET /workers`. */
export const Workers = z.object({ at: Timestamp, workers: z.array(WorkerView) })

/** `GET /stats`. */
export const ReadStats = z.strictObject({
  window: z
    .enum(['hour', 'day', 'week', 'month'])
    .default('hour')
    .describe('How far back: an hour by minutes, a day by quarters of an hour, a week by hours, 30 days by 6 hours'),
})

const Lengths = z.object({ p50_seconds: z.number(), p95_seconds: z.number() }).nullable()

const sums = {
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  retried: z.int().describe('Attempts that failed, or whose worker died, and are tried again'),
  ran: Lengths.describe('How long attempts that completed ran, within 10 %; null when none did'),
  waited: Lengths.describe('How long attempts had waited since their job was due; null when none ended'),
}

/** What the service has done, and what it has to do. */
export const Stats = z
  .object({
    at: Timestamp,
    states: z.record(JobStatus, z.int()).describe('How many jobs stand where now'),
    oldest_due_at: Timestamp.nullable().describe('When the job that waits longest became due'),
    queue_age_seconds: z.number().describe('How long it has waited; 0 when none waits'),
    slice_seconds: z.int(),
    slices: z.array(z.object({ at: Timestamp, ...sums })).describe('Every slice of the window, the oldest first'),
    whole: z.object(sums).describe('The window as a whole'),
  })
  .meta({ id: 'Stats' })

/** The `data` of `job.changed` in `GET /events`: a job as it stands after its newest change. */
export const JobChange = z
  .object({
    job_id: z.uuid(),
    tenant: z.string().nullable().describe('Whose job it is'),
    status: JobStatus,
    at: Timestamp,
    created_at: Timestamp,
    started_at: Timestamp.nullable(),
    completed_at: Timestamp.nullable(),
    cancel_requested_at: Timestamp.nullable(),
    attempt: z.int(),
    worker: z.string().nullable(),
    stage: z.string(),
    percent: z.number().nullable(),
    message: z.string().nullable().describe('At most 200 characters of it'),
    error: z.string().nullable().describe('At most 200 characters of it'),
  })
  .meta({ id: 'JobChange' })
