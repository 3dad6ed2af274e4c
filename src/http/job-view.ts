import type { z } from 'zod'
import type * as contract from '../contract/job.ts'
import type { QueuePlace } from '../engine/job-manager.ts'
import { withoutQuery } from '../job/callback-url.ts'
import type { JobEvent } from '../job/event.ts'
import { isFinal, type Job, type JobFile, type LogLine } from '../job/job.ts'
import { namedGroup } from '../job/queue-group.ts'
import type { Resources } from '../job/resources.ts'
import type { Waiting } from '../job/waiting.ts'

type JobView = z.output<typeof contract.Job>

/** A job as its readers see it, who find the service below `basePath`. */
export function viewJob(job: Job, now: number, basePath: string, place?: QueuePlace): JobView {
  return {
    job_id: job.id,
    status: job.state,
    created_at: timestamp(job.createdAt),
    started_at: instant(job.startedAt),
    completed_at: instant(job.completedAt),
    error: job.error,
    result: job.result,
    progress: typeof job.progress.stage === 'string' ? (job.progress as JobView['progress']) : null,
    updated_at: timestamp(job.updatedAt),
    run_at: timestamp(job.runAt),
    cancel_requested_at: instant(job.cancelRequestedAt),
    attempt: job.attempt,
    max_attempts: job.maxAttempts,
    timeout_seconds: job.timeoutMs / 1000,
    priority: job.priority,
    group: namedGroup(job),
    tenant: job.tenant,
    schedule: job.schedule && { name: job.schedule.name, tick: instant(job.schedule.tick) },
    labels: job.labels,
    callback_url: job.callbackUrl === null ? null : withoutQuery(job.callbackUrl),
    parameters: job.parameters,
    processor: job.processor,
    files: job.files,
    errors: job.errors.map((error) => ({ ...error, at: timestamp(error.at) })),
    worker: job.worker,
    eta_seconds: etaSeconds(job, now),
    queue_position: place?.ahead ?? null,
    resources: job.resources && viewResources(job.resources),
    waits_for: place?.waiting ? viewWaiting(place.waiting) : null,
    links: linksOf(job.id, basePath),
  }
}

function viewWaiting({ reason, message, largestBudget }: Waiting): JobView['waits_for'] {
  return { reason, message, largest_budget: largestBudget && viewResources(largestBudget) }
}

function viewResources({ cpu, memoryBytes, scratchBytes }: Resources) {
  return { cpu, memory_bytes: memoryBytes, scratch_bytes: scratchBytes }
}

/** The short answer to a submit. */
export function viewSubmitted(job: Job): z.output<typeof contract.SubmittedJob> {
  return { job_id: job.id, status: job.state, created_at: timestamp(job.createdAt) }
}

/** One row of the ledger as its readers see it. */
export function viewFile({
  index,
  uri,
  state,
  sizeBytes,
  etag,
  sha256,
  error,
}: JobFile): z.output<typeof contract.JobFile> {
  return { index, uri, status: state, size_bytes: sizeBytes, etag, sha256, error }
}

/** One log line as its readers see it. */
export function viewLogLine(line: LogLine): z.output<typeof contract.LogLine> {
  return { ...line, at: timestamp(line.at) }
}

/** The data of a server-sent event. */
export function viewEvent(event: JobEvent): z.output<typeof contract.JobEvent> {
  return { ...event.data, job_id: event.jobId, type: event.type, status: event.state, at: timestamp(event.at) }
}

/** Milliseconds since 1970 as the contract writes instants. The last one is kept: at 20,000 submits a second 20 share it. */
export function timestamp(ms: number): string {
  if (ms !== lastTimestamp.ms) lastTimestamp = { ms, text: new Date(ms).toISOString() }
  return lastTimestamp.text
}

let lastTimestamp = { ms: 0, text: new Date(0).toISOString() }

/** Stages in which the percent is not that of the work itself. */
const BEFORE_WORK: ReadonlySet<string> = new Set(['queued', 'download'])

/** How long the job will still run if it goes on as fast as it did; null when its progress does not tell. */
function etaSeconds(job: Job, now: number): number | null {
  const { stage, percent } = job.progress
  if (isFinal(job.state) || job.state !== 'processing' || job.startedAt === null) return null
  if (typeof percent !== 'number' || percent <= 0 || percent > 100 || BEFORE_WORK.has(stage)) return null
  return Math.round(((now - job.startedAt) * (100 - percent)) / percent / 1000)
}

function linksOf(id: string, basePath: string): JobView['links'] {
  const self = `${basePath}/jobs/${id}`
  return {
    self,
    events: `${self}/events`,
    files: `${self}/files`,
    outputs: `${self}/outputs`,
    logs: `${self}/logs`,
    webhooks: `${self}/webhooks`,
    cancel: `${self}/cancel`,
    retry: `${self}/retry`,
  }
}

function instant(ms: number | null): string | null {
  return ms === null ? null : timestamp(ms)
}
