import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { type JobManager, jobNotFound } from '../engine/job-manager.ts'
import type { Ingests } from '../input/ingest.ts'
import { ingestNotFound } from '../input/ingest-errors.ts'
import type { Caller } from './caller.ts'

/** What the checks stand on. */
export interface OwnRecordsParts {
  jobs: Pick<JobManager, 'find'>
  ingests: Pick<Ingests, 'tenantOf'>
  callerOf(request: FastifyRequest): Caller
}

/**
 * Another tenant's record is, to a caller with a tenant, none at all: the answer is that of one that never was. A record's
 * tenant never changes, so what is seen before the handler still holds in it.
 */
export class OwnRecords {
  readonly #parts: OwnRecordsParts

  constructor(parts: OwnRecordsParts) {
    this.#parts = parts
  }

  /** Throws `JOB_NOT_FOUND` for the job that the path names. */
  readonly job: onRequestHookHandler = (request, _reply, done) => {
    const { tenant } = this.#parts.callerOf(request)
    if (tenant === null) return done()
    const id = idOf(request)
    this.#parts.jobs.find(id).then((job) => (job?.tenant === tenant ? done() : done(jobNotFound(id))), done)
  }

  /** Throws `INGEST_NOT_FOUND` for the ingest that the path names. */
  readonly ingest: onRequestHookHandler = (request, _reply, done) => {
    this.checkIngest(request, idOf(request)).then(() => done(), done)
  }

  /** Throws `INGEST_NOT_FOUND` for one that a body names. */
  async checkIngest(request: FastifyRequest, id: string): Promise<void> {
    const { tenant } = this.#parts.callerOf(request)
    if (tenant !== null && (await this.#parts.ingests.tenantOf(id)) !== tenant) throw ingestNotFound(id)
  }
}

function idOf({ params }: FastifyRequest): string {
  return (params as { job_id: string }).job_id
}
