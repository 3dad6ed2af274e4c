import type { Ingest } from '../engine/ingest-records.ts'
import type { Job } from '../job/job.ts'
import { type FormOptions, type FormPart, FormUpload } from './form-upload.ts'
import type { PlaceParts, Places } from './places.ts'

/** Receives forms, each under a place held for it. */
export class FormReception {
  readonly #parts: PlaceParts
  readonly #places: Places

  constructor(parts: PlaceParts, places: Places) {
    this.#parts = parts
    this.#places = places
  }

  /** Receives one form under `place`, and submits its job. */
  receive(
    place: Ingest,
    parts: AsyncIterable<FormPart>,
    options: FormOptions,
  ): Promise<{ job: Job; replayed: boolean }> {
    const { store, jobs, settings, onFault } = this.#parts
    const upload = new FormUpload(store, jobs, place, settings)
    return this.#places.hold(place, async () => {
      try {
        const submitted = await upload.receive(parts, options)
        if (submitted.replayed) await upload.remove()
        await this.#places.giveUp(place).catch(onFault)
        return submitted
      } catch (failure) {
        await this.#drop(upload, place).catch(onFault)
        throw failure
      }
    })
  }

  /**
   * Removes what a form stored, unless its job was kept and only the answer to that was lost; when that fails the place
   * stays, and the sweep tries again.
   */
  async #drop(upload: FormUpload, place: Ingest): Promise<void> {
    const kept = await this.#parts.jobs.find(place.jobId)
    if (kept === undefined) await upload.remove()
    await this.#places.giveUp(place)
  }
}
