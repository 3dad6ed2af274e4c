import type { z } from 'zod'
import type * as ingest from '../../src/contract/ingest.ts'
import type * as job from '../../src/contract/job.ts'
import type * as service from '../../src/contract/service.ts'

/** A job as the service tells it; what does not apply is null. */
export type Job = z.infer<typeof job.Job>

/** One object a completed job left, with a URL that serves it for a while. */
export type JobOutput = z.infer<typeof job.JobOutput>

/** What a job may be given beside its files: parameters, priority, labels and so on, named as on the wire. */
export type JobOptions = z.input<typeof job.JobOptions>

/** What the service says of itself. */
export type Health = z.infer<typeof service.Health>

/** An upload session, as `POST /ingest/start` answers. */
export type StartedIngest = z.infer<typeof ingest.StartedIngest>
