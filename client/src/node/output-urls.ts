import type { JobOutput } from '../shapes.ts'
import { downloadFault } from './download-faults.ts'

/** Lists a job's outputs. */
type ListOutputs = (jobId: string) => Promise<readonly JobOutput[]>

type Listing = Promise<ReadonlyMap<string, JobOutput>>

/** Knows where objects can be fetched now. A job is asked for its outputs once, and again when its URLs have expired. */
export class OutputUrls {
  readonly #list: ListOutputs
  readonly #listings = new Map<string, Listing>()

  constructor(list: ListOutputs) {
    this.#list = list
  }

  /** The output that lies at a URI. Throws a `DownloadError` with the code `NOT_AN_OUTPUT` when no job has it. */
  async find(uri: string): Promise<JobOutput> {
    const jobId = jobIdIn(uri)
    if (jobId === undefined) {
      throw downloadFault('NOT_AN_OUTPUT', uri, 'its key names no job; give what `outputs` of the job answers instead')
    }
    const output = (await this.#listing(jobId)).get(uri)
    if (output !== undefined) return output
    throw downloadFault('NOT_AN_OUTPUT', uri, `it is not among the outputs of job ${jobId}`)
  }

  /** The same output with another URL than the one that no longer works; as it is when its key names no job. */
  async renew(stale: JobOutput): Promise<JobOutput> {
    const jobId = jobIdIn(stale.uri)
    if (jobId === undefined) return stale
    const listing = this.#listing(jobId)
    const known = (await listing).get(stale.uri)
    if (known !== undefined && known.url !== stale.url) return known
    // Of many that expired together, the first one asks for all.
    if (this.#listings.get(jobId) === listing) this.#listings.delete(jobId)
    return this.find(stale.uri)
  }

  #listing(jobId: string): Listing {
    const known = this.#listings.get(jobId)
    if (known !== undefined) return known
    const listing = this.#list(jobId).then((outputs) => new Map(outputs.map((output) => [output.uri, output])))
    listing.catch(() => this.#listings.delete(jobId))
    this.#listings.set(jobId, listing)
    return listing
  }
}

/** The first part of a key that is a UUID: outputs lie at `<prefix>/<job id>/…`. */
function jobIdIn(uri: string): string | undefined {
  const key = uri.replace(/^s3:\/\/[^/]*\//, '')
  return key.split('/').find((part) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(part))
}
