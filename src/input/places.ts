import type { TenantLimits } from '../access/tenant-limits.ts'
import { every } from '../base/clock.ts'
import type { Ingest } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { JobDraft } from '../job/job.ts'
import { deleteBelow } from '../storage/below-prefix.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { jobFolder } from '../storage/object-uri.ts'
import type { IngestSettings } from './ingest-settings.ts'
import { type HoldParts, PLACE_TTL_MS, PlaceHold, SIGN_OF_LIFE_MS } from './place-hold.ts'
import { withdraw } from './withdraw.ts'

/** What holding places stands on. */
export interface PlaceParts extends HoldParts {
  store: ObjectStore
  jobs: JobManager
  settings: IngestSettings
  /** What a tenant may have at once; nothing is limited when absent. */
  limitsOf?: (tenant: string | null) => TenantLimits
  onFault: (fault: unknown) => void
}

/**
 * Holds a place for what is not yet an ingest: a form being received, uploads being opened. The place is the record of
 * an ingest without files, written before anything enters the store, so that a crash leaves nothing for ever: what lies
 * below its key when its time is over is dropped, unless it became a job.
 */
export class Places {
  readonly #parts: PlaceParts
  readonly #holds = new Map<string, PlaceHold>()

  constructor(parts: PlaceParts) {
    this.#parts = parts
  }

  /** The place of a job to be. It expires soon, unless it is held. */
  place(jobId: string, tenant?: string | null): Ingest {
    const now = this.#parts.clock.now()
    const { bucket } = this.#parts.settings
    return {
      jobId,
      bucket,
      createdAt: now,
      expiresAt: this.#expiry(),
      closedAt: null,
      files: [],
      draft: { ...blank(jobId, now), ...(typeof tenant === 'string' && { tenant }) },
    }
  }

  /** Holds a place while `work` runs, however long it takes. Giving it up afterwards is up to `work`. */
  async hold<Result>(place: Ingest, work: (hold: PlaceHold) => Promise<Result>): Promise<Result> {
    const { clock, records, settings, onFault, limitsOf } = this.#parts
    const maxOpenOfTenant = limitsOf?.(place.draft.tenant ?? null).openIngests
    await records.open(place, { maxOpen: settings.limits.openIngests, maxOpenOfTenant })
    const hold = new PlaceHold(this.#parts, place)
    this.#holds.set(place.jobId, hold)
    const lifeline = every(clock, SIGN_OF_LIFE_MS, () => hold.extend(), onFault)
    try {
      return await work(hold)
    } finally {
      lifeline.cancel()
      this.#holds.delete(place.jobId)
    }
  }

  /** How this process holds the place of a job, if it does. */
  holdOf(jobId: string): PlaceHold | undefined {
    return this.#holds.get(jobId)
  }

  /** Gives a place up under which nothing is left in the store but a job's. False when it is not there any more. */
  giveUp({ jobId }: Ingest): Promise<boolean> {
    return this.#parts.records.forget(jobId)
  }

  /**
   * Drops what was left under a place, and gives it up. One that was lost is noted again before: what came later lies
   * there. A job that is submitted at that moment is withdrawn.
   */
  async clear(place: Ingest, dropUploads: DropUploads = dropAllUploads): Promise<void> {
    if (this.holdOf(place.jobId)?.lost.aborted) await this.#parts.records.open({ ...place, expiresAt: this.#expiry() })
    const { jobs } = this.#parts
    const submitted = await jobs.find(place.jobId)
    if (submitted === undefined) {
      await this.#empty(place, dropUploads)
      await withdraw(jobs, place.jobId)
    }
    await this.giveUp(place)
  }

  async #empty({ bucket, jobId }: Ingest, dropUploads: DropUploads): Promise<void> {
    const { store, settings } = this.#parts
    const prefix = jobFolder(settings.datasetsPrefix, jobId)
    await dropUploads(store, bucket, prefix)
    await deleteBelow(store, bucket, prefix)
  }

  #expiry(): number {
    return this.#parts.clock.now() + PLACE_TTL_MS
  }
}

/** How the uploads below a prefix are dropped. */
export type DropUploads = (store: ObjectStore, bucket: string, prefix: string) => Promise<void>

const dropAllUploads: DropUploads = (store, bucket, prefix) => store.abortUploads(bucket, prefix)

/** Whether an ingest is the place of what is not yet one. */
export function isPlace(ingest: Ingest): boolean {
  return ingest.files.length === 0
}

/** What stands in the record until the draft itself is known. */
function blank(id: string, now: number): JobDraft {
  const nothing = { parameters: null, priority: 0, group: null, labels: {}, maxAttempts: 1, timeoutMs: 1 }
  return { id, runAt: now, processor: { name: '', version: '' }, ...nothing }
}
