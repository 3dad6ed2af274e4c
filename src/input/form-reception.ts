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
        // The sweep tries again what fails; a job that was kept, though the answer to that was lost, keeps its files.
        await this.#places.clear(place).catch(onFault)
        throw failure
      }
    })
  }
}
