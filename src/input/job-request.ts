import { hash } from 'node:crypto'
import type { z } from 'zod'
import { canonicalJson } from '../base/json.ts'
import type { JobOptions } from '../contract/job.ts'
import type { JobRequest } from '../engine/job-manager.ts'
import type { ResourceNeeds } from '../job/resources.ts'

/** The parsed form of what every way to submit takes. */
export type ParsedJobOptions = z.output<typeof JobOptions>

/** What a submitter asked for, in the words of the job manager. */
export function jobRequest(options: ParsedJobOptions, origin: Origin = {}): JobRequest {
  const { tenant, idempotency, traceparent } = origin
  return {
    ...(options.parameters !== undefined && { parameters: options.parameters }),
    ...(options.priority !== undefined && { priority: options.priority }),
    ...(options.delay_seconds !== undefined && { delayMs: options.delay_seconds * 1000 }),
    ...(options.run_at !== undefined && { runAt: Date.parse(options.run_at) }),
    ...(options.max_attempts !== undefined && { maxAttempts: options.max_attempts }),
    ...(options.timeout_seconds !== undefined && { timeoutMs: options.timeout_seconds * 1000 }),
    ...(options.group !== undefined && { group: options.group }),
    ...(options.labels !== undefined && { labels: options.labels }),
    ...(options.callback_url !== undefined && { callbackUrl: options.callback_url }),
    ...(typeof tenant === 'string' && { tenant }),
    ...(options.resources !== undefined && { resources: needsOf(options.resources) }),
    ...(idempotency && { idempotency }),
    ...(traceparent !== undefined && { traceparent }),
  }
}

function needsOf({ cpu, memory_bytes, scratch_bytes }: NonNullable<ParsedJobOptions['resources']>): ResourceNeeds {
  return {
    ...(cpu !== undefined && { cpu }),
    ...(memory_bytes !== undefined && { memoryBytes: memory_bytes }),
    ...(scratch_bytes !== undefined && { scratchBytes: scratch_bytes }),
  }
}

/** What a request says of itself beside what it asks for. */
export interface Origin {
  /** Whose the job will be; null or absent means no tenant's. */
  tenant?: string | null | undefined
  idempotency?: Idempotency | undefined
  /** The span it belongs to, as W3C Trace Context writes it. */
  traceparent?: string | undefined
}

/** A client's key, and the hash of the request it came with. */
export interface Idempotency {
  key: string
  requestHash: string
}

/** Ties a key to a request. `operation` keeps equal bodies of different routes apart. */
export function idempotencyOf(key: string, operation: string, body: unknown): Idempotency {
  return { key, requestHash: hash('sha256', `${operation} ${canonicalJson(body)}`) }
}
