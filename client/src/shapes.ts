import type { z } from 'zod'
import type * as activity from '../../src/contract/activity.ts'
import type * as ingest from '../../src/contract/ingest.ts'
import type * as job from '../../src/contract/job.ts'
import type * as schedule from '../../src/contract/schedule.ts'
import type * as service from '../../src/contract/service.ts'
import type * as webhook from '../../src/contract/webhook.ts'
import type { ParametersOf, ResultOf, Typing, WithParameters } from './processor-shape.ts'

/** A job as the service tells it; what does not apply is null. */
export type Job<T extends Typing = Typing> = Omit<z.infer<typeof job.Job>, 'result' | 'parameters'> & {
  readonly result: ResultOf<T> | null
  readonly parameters: ParametersOf<T> | null
}

/** A job that has ended well. */
export type CompletedJob<T extends Typing = Typing> = Job<T> & {
  readonly status: 'completed'
  readonly result: ResultOf<T>
}

/** Where a job stands. */
export type JobStatus = z.infer<typeof job.Job>['status']

/** What a job may be given beside its files and parameters: priority, labels and so on, named as on the wire. */
export type JobOptions = Omit<z.input<typeof job.JobOptions>, 'parameters'>

/**
 * A job by manifest, named as on the wire: `manifest_uri`, or `manifest_inline`, and what {@link JobOptions} has.
 * `parameters` may be left out when the processor takes none, or `{}`.
 */
export type SubmitRequest<T extends Typing = Typing> = WithParameters<
  T,
  Omit<z.input<typeof job.SubmitJob>, 'parameters'> & { readonly parameters?: ParametersOf<T> }
>

/** What the service answers to a submit. */
export type SubmittedJob = z.infer<typeof job.SubmittedJob>

/** Which jobs to list, named as on the wire; `limit` is the length of a page. */
export type JobQuery = Partial<z.input<typeof job.ListJobs>>

/** One page of a listing; `next` is given back as `cursor` to read on. */
export interface JobPage<T extends Typing = Typing> {
  readonly jobs: Job<T>[]
  readonly next: string | null
}

/** One change of a job. */
export type JobEvent = z.infer<typeof job.JobEvent> & {
  /** Grows with every event of the job; `jobEvents` can go on after it. */
  readonly id: number
}

/** One row of a job's per-file ledger. */
export type JobFile = z.infer<typeof job.JobFile>

/** One object a completed job left, with a URL that serves it for a while. */
export type JobOutput = z.infer<typeof job.JobOutput>

/** One line that a processor logged. */
export type LogLine = z.infer<typeof job.LogLine>

/** A token that lets a browser read one job. */
export type ReadToken = z.infer<typeof job.ReadToken>

/** What the key of a client may do. */
export type Caller = z.infer<typeof service.Caller>

/** What is told of one end of a job, and how that went. */
export type Delivery = z.infer<typeof webhook.Delivery>

/** A job that changed, as those who follow all of them hear of it. */
export type JobChange = z.infer<typeof activity.JobChange>

/** What waits, runs and ended, over time. */
export type Stats = z.infer<typeof activity.Stats>

/** One process of the service, and the jobs that run there. */
export type Worker = z.infer<typeof activity.WorkerView>

/** What a schedule is to do, named as on the wire. */
export type ScheduleDefinition = z.input<typeof schedule.PutSchedule>

/** A schedule and where it stands. */
export type Schedule = z.infer<typeof schedule.Schedule>

/** Which schedules to list, named as on the wire; `limit` is the length of a page. */
export type ScheduleQuery = Partial<z.input<typeof schedule.ListSchedules>>

/** One page of a listing; `next` is given back as `cursor` to read on. */
export interface SchedulePage {
  readonly schedules: Schedule[]
  readonly next: string | null
}

/** What the service says of itself. */
export type Health = z.infer<typeof service.Health>

/** An upload session, as `POST /ingest/start` answers. */
export type StartedIngest = z.infer<typeof ingest.StartedIngest>
