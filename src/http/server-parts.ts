import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify'
import type { AccessList } from '../access/access-list.ts'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config.ts'
import type { Activity } from '../engine/activity.ts'
import type { BulkActions } from '../engine/bulk-actions.ts'
import type { JobFeed } from '../engine/job-feed.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Ingests } from '../input/ingest.ts'
import type { ObjectAccess } from '../input/object-access.ts'
import type { Schedules } from '../schedule/schedules.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { Facts } from '../telemetry/facts.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Webhooks } from '../webhook/webhooks.ts'

/** What the HTTP service stands on. */
export interface ServerParts {
  config: Config
  /** Who is let in. */
  access: AccessList
  jobs: JobManager
  feed: JobFeed
  /** What the service as a whole does. */
  activity: Activity
  /** Cancels and retries many jobs. */
  bulk: BulkActions
  ingests: Ingests
  schedules: Schedules
  store: ObjectStore
  /** Keeps tenants out of each other's objects. */
  objectAccess: ObjectAccess
  webhooks: Pick<Webhooks, 'list' | 'resend'>
  /** Checks the URLs of a local store; absent when the store takes its own requests. */
  signingSecret?: string
  /** Forgets an ended job with its objects; throws `JOB_NOT_FOUND`, `JOB_NOT_FINAL`. */
  removal: { remove(id: string): Promise<void> }
  /** What `GET /metrics` answers; off when absent. */
  metrics?: Pick<Metrics, 'contentType' | 'render'>
  /** Where requests are told of; nowhere when absent. */
  facts?: Facts
  /** Traces requests; nothing does when absent. */
  tracing?: Tracing
  /** What the service calls itself. */
  identity: { name: string; version: string }
  /** Why the service does not take work now; nothing when it does. */
  readiness: () => Promise<string[]>
  clock: Clock
  /** Options of Fastify's logger, or a logger that is there; nothing is logged without. */
  logger?: FastifyServerOptions['logger'] | FastifyBaseLogger
}
