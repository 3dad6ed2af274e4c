import { LongshoreError } from '../base/errors.ts'
import type { IngestRecords } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { ManifestEntry, ManifestSource } from '../job/job.ts'
import { parseObjectUri } from '../storage/object-uri.ts'
import { quote } from './manifest-entries.ts'

/** Jobs from whose uploads and results one manifest of a tenant may take: each is looked up. */
const MAX_SOURCES = 1_000

const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What the check stands on. */
export interface ObjectAccessParts {
  jobs: Pick<JobManager, 'find'>
  records: Pick<IngestRecords, 'get'>
  bucket: string
  datasetsPrefix: string
  resultsPrefix: string
}

/**
 * Keeps tenants out of each other's uploads and results, which all lie in one bucket: what lies below the key of a job
 * may be read by jobs of its own tenant, and by those of no tenant. All else in the readable buckets is everybody's.
 */
export class ObjectAccess {
  readonly #parts: ObjectAccessParts
  readonly #prefixes: readonly string[]

  constructor(parts: ObjectAccessParts) {
    this.#parts = parts
    this.#prefixes = [parts.datasetsPrefix, parts.resultsPrefix].map((prefix) => `${prefix.toLowerCase()}/`)
  }

  /** Throws `INPUT_NOT_ALLOWED` when a job of this tenant may not read its manifest, or a file of it. */
  async checkSource(tenant: string | null, source: ManifestSource): Promise<void> {
    await this.check(tenant, 'uri' in source ? [source] : source.files)
  }

  /** Throws `INPUT_NOT_ALLOWED` for the first file that a job of this tenant may not read. */
  async check(tenant: string | null, files: readonly Pick<ManifestEntry, 'uri'>[]): Promise<void> {
    if (tenant === null) return
    const uris = new Map<string, string>()
    for (const { uri } of files) {
      const id = this.#sourceOf(uri)
      if (id !== undefined && !uris.has(id)) uris.set(id, uri)
    }
    if (uris.size > MAX_SOURCES) throw tooManySources()
    for (const [id, uri] of uris) {
      if ((await this.#tenantOf(id)) !== tenant) throw notAllowed(uri)
    }
  }

  /** The job below whose key a URI lies. Folders may fold cases and resolve dots, so neither gets around this. */
  #sourceOf(uri: string): string | undefined {
    const { bucket, key } = parseObjectUri(uri)
    if (bucket !== this.#parts.bucket) return undefined
    const folded = key.toLowerCase()
    if (folded.split(/[/\\]/).some((segment) => /^\.{0,2}$/.test(segment))) throw notAllowed(uri)
    const prefix = this.#prefixes.find((each) => folded.startsWith(each))
    const [id = ''] = prefix === undefined ? [] : folded.slice(prefix.length).split('/', 1)
    return JOB_ID.test(id) ? id : undefined
  }

  async #tenantOf(id: string): Promise<string | null | undefined> {
    const job = await this.#parts.jobs.find(id)
    if (job) return job.tenant
    const ingest = await this.#parts.records.get(id)
    return ingest && (ingest.draft.tenant ?? null)
  }
}

function notAllowed(uri: string): LongshoreError {
  return new LongshoreError(
    'INPUT_NOT_ALLOWED',
    `${quote(uri)} may not be read: it lies with no job of your tenant. Name objects of your own jobs, or shared ones.`,
  )
}

function tooManySources(): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_FILES',
    `The manifest takes files from more than ${MAX_SOURCES} jobs. Split it into several jobs.`,
  )
}
