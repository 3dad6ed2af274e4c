import { z } from 'zod'
import { JobOptions, Manifest, Timestamp } from './job.ts'

/** Longest `job` of a schedule as JSON: a long list of files belongs into a manifest object. */
const MAX_SCHEDULE_JOB_BYTES = 65_536

const ScheduleName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][\w.-]*$/, { error: 'expected letters, digits, ".", "_" and "-", a letter or digit first' })
  .describe('Unique in the tenant')

const { delay_seconds: _delay, run_at: _runAt, ...jobOptions } = JobOptions.shape

/** What each tick submits: everything `POST /jobs` takes but a time. */
export const ScheduledJob = z
  .strictObject({
    manifest_uri: z.string().min(1).optional().describe('s3 URI of a manifest in JSON or JSON Lines, read by each job'),
    manifest_inline: Manifest.optional(),
    ...jobOptions,
  })
  .refine((job) => (job.manifest_uri === undefined) !== (job.manifest_inline === undefined), {
    error: 'give exactly one of manifest_uri and manifest_inline',
  })
  .refine((job) => JSON.stringify(job).length <= MAX_SCHEDULE_JOB_BYTES, {
    error: `longer than ${MAX_SCHEDULE_JOB_BYTES} characters of JSON; name a manifest by manifest_uri`,
  })
  .meta({ id: 'ScheduledJob' })

const Misfire = z.enum(['skip', 'once', 'catch_up'])
const Overlap = z.enum(['allow', 'skip', 'replace'])

const definition = {
  cron: z
    .string()
    .max(256)
    .describe(
      'Minute, hour, day of month, month, day of week, as `30 2 * * mon-fri`; a sixth field before them counts seconds; or @hourly, @daily, @weekly, @monthly, @yearly',
    ),
  timezone: z.string().max(64).default('UTC').describe('IANA name, e.g. `Europe/Berlin`'),
  misfire: Misfire.default('once').describe(
    'What becomes of ticks at which the service was away: none fires, the newest one, or the newest `catch_up_limit`',
  ),
  catch_up_limit: z.int().min(1).max(100).default(10),
  grace_seconds: z.int().min(1).max(86_400).default(60).describe('How late a tick may fire with `misfire: "skip"`'),
  overlap: Overlap.default('skip').describe(
    'What a tick does while a job of the schedule has not ended: fires beside it, is skipped, or replaces it, which is cancelled',
  ),
  job: ScheduledJob,
  paused: z.boolean().optional().describe('Unless given, a new schedule runs and one that is there stays as it is'),
}

const catchesUp = {
  check: (given: { misfire: string; overlap: string }) => given.misfire !== 'catch_up' || given.overlap === 'allow',
  how: {
    error: 'misfire "catch_up" submits several jobs at once, so it needs overlap "allow"',
    path: ['overlap'],
  },
}

/** `PUT /schedules/{name}`. */
export const PutSchedule = z.strictObject(definition).refine(catchesUp.check, catchesUp.how).meta({ id: 'PutSchedule' })

/** `POST /schedules`. */
export const CreateSchedule = z
  .strictObject({ name: ScheduleName, ...definition })
  .refine(catchesUp.check, catchesUp.how)
  .meta({ id: 'CreateSchedule' })

/** A schedule and where it stands. */
export const Schedule = z
  .object({
    name: z.string(),
    tenant: z.string().nullable(),
    cron: z.string(),
    timezone: z.string(),
    misfire: Misfire,
    catch_up_limit: z.int(),
    grace_seconds: z.number(),
    overlap: Overlap,
    job: z.looseObject({}).describe('As it was given; of a callback URL without what its query says'),
    created_at: Timestamp,
    updated_at: Timestamp.describe('When people changed it last'),
    paused_at: Timestamp.nullable(),
    next_ticks: z.array(Timestamp).describe('The next three; none while it is paused'),
    last_fire: z
      .object({
        tick: Timestamp.nullable().describe('Null when it was fired by hand'),
        at: Timestamp,
        job_id: z.uuid(),
        status: z.string().nullable().describe('Of the job; null when it has been deleted'),
      })
      .nullable(),
    last_skip: z
      .object({
        tick: Timestamp,
        at: Timestamp,
        reason: z.enum(['missed', 'overlap', 'refused']),
        message: z.string(),
      })
      .nullable()
      .describe('The newest tick that made no job, and why'),
    counts: z.object({
      fired: z.int().describe('Jobs made, those by hand too'),
      missed: z.int().describe('Ticks given up after the service was away; at most 100 are counted each time'),
      skipped: z.int().describe('Ticks skipped for an overlap, or whose job was refused'),
    }),
    links: z.object({ self: z.string(), jobs: z.string() }),
  })
  .meta({ id: 'Schedule' })

/** The path of everything about one schedule. */
export const SchedulePath = z.object({ name: ScheduleName })

/** Beside the path. */
export const ScheduleOwner = z.strictObject({
  tenant: z.string().min(1).optional().describe("Whose schedule; a caller with a tenant has only that tenant's"),
})

/** `GET /schedules`. */
export const ListSchedules = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  tenant: z.string().min(1).optional().describe("A caller with a tenant sees only that tenant's"),
  cursor: z.string().max(256).optional().describe('From the `Link` of the page before'),
})
