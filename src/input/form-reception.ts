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
    // The sweep tries again what fails; a job that was kept, though the answer to that was lost, keeps its files.
    const clear = (): Promise<unknown> => this.#places.clear(place).catch(onFault)
    return this.#places.hold(place, async (hold) => {
      try {
        await upload.receive(parts, { ...options, signal: eitherOf(hold.lost, options.signal) })
        await hold.confirm()
        const submitted = await upload.submit(options)
        if (submitted.replayed) await clear()
        else await this.#places.giveUp(place).catch(onFault)
        return submitted
      } catch (failure) {
        await clear()
        throw failure
      }
    })
  }
}

function eitherOf(lost: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given ? AbortSignal.any([lost, given]) : lost
}
