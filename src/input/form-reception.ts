import type { Ingest } from '../engine/ingest-records.ts'
import { uploadDropped } from '../engine/record/refusals.ts'
import type { Job } from '../job/job.ts'
import { type FormOptions, type FormPart, FormUpload } from './form-upload.ts'
import type { PlaceParts, Places } from './places.ts'
import { withdraw } from './withdraw.ts'

/** What receiving forms stands on. */
export interface ReceptionParts extends PlaceParts {
  places: Places
  /** Drops what a form left under its place; never rejects. */
  clear(place: Ingest): Promise<void>
}

/** Receives forms, each under a place held for it. */
export class FormReception {
  readonly #parts: ReceptionParts

  constructor(parts: ReceptionParts) {
    this.#parts = parts
  }

  /** Receives one form under `place`, and submits its job. */
  receive(
    place: Ingest,
    parts: AsyncIterable<FormPart>,
    options: FormOptions,
  ): Promise<{ job: Job; replayed: boolean }> {
    const { store, jobs, settings, places, clear } = this.#parts
    const upload = new FormUpload(store, jobs, place, settings)
    return places.hold(place, async (hold) => {
      try {
        await upload.receive(parts, { ...options, signal: eitherOf(hold.lost, options.signal) })
        await hold.confirm()
        const submitted = await upload.submit(options)
        if (submitted.replayed) await clear(place)
        else await this.#giveUp(place, upload)
        return submitted
      } catch (failure) {
        // A job that was kept, though the answer to that was lost, keeps its files.
        await clear(place)
        throw failure
      }
    })
  }

  /** Gives up the place of a form that is its job now. If others dropped the files before it was, the job is withdrawn. */
  async #giveUp(place: Ingest, upload: FormUpload): Promise<void> {
    const { places, jobs, onFault } = this.#parts
    const wasHeld = await places.giveUp(place).catch((fault: unknown) => {
      onFault(fault)
      return true
    })
    if (wasHeld || (await upload.isStored())) return
    await withdraw(jobs, place.jobId)
    throw uploadDropped()
  }
}

function eitherOf(lost: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given ? AbortSignal.any([lost, given]) : lost
}
