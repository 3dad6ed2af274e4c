import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { JobCancelledError, JobClient, JobFailedError } from '@longshore/client'
import PQueue from 'p-queue'
import { type Cargo, filesOf, putSeeds, SEED_PREFIX, seedsOf } from './cargo.ts'
import { type Errand, FRONTS } from './plan.ts'
import type { Site } from './site.ts'
import { parametersOf } from './work-of.ts'

/** A job that a service has answered for. */
export interface Accepted {
  errand: Errand
  jobId: string
  /** Of its input files, in manifest order. */
  digests: string[]
  /** A cancel of it was answered with 202. */
  cancelAccepted: boolean
}

/** An attempt at a request that fails is made again at the next replica, after this, in ms. */
const AGAIN_MS = 1_000

/** Errands under way at once: while services are away the others wait, or their clients would keep the machine busy. */
const AT_ONCE = 60

/** More attempts than a crash of one of its workers each would cost. */
const MANY_ATTEMPTS = 60

/** Clients at work: they go on until their errand is done, whatever happens to the services. */
export class Traffic {
  readonly accepted: Accepted[] = []
  /** Requests that failed and were made again. */
  failures = 0
  readonly #site: Site
  readonly #clients: readonly JobClient[]
  readonly #seeds: readonly Cargo[]
  readonly #queue = new PQueue({ concurrency: AT_ONCE })

  private constructor(site: Site, seeds: readonly Cargo[]) {
    this.#site = site
    this.#seeds = seeds
    const retry = { tries: 3, tryMs: 8_000, capMs: 1_000 }
    this.#clients = site.members.slice(0, FRONTS).map(({ url }) => new JobClient({ url, retry }))
  }

  static async open(site: Site): Promise<Traffic> {
    return new Traffic(site, await putSeeds(site.bucket))
  }

  /** Does one errand to its end: the job is accepted, cancelled if it is to be, and waited for by those who wait. */
  async run(errand: Errand): Promise<void> {
    await this.#queue.add(() => this.#run(errand))
  }

  async #run(errand: Errand): Promise<void> {
    if (errand.way === 'abandoned') return this.#abandon(errand)
    const isOfSeeds = errand.way === 'inline' || errand.way === 'manifest'
    const cargo = isOfSeeds ? seedsOf(errand, this.#seeds) : filesOf(errand)
    const digests = cargo.map(({ sha256 }) => sha256)
    const jobId = await this.#insist(errand, (client) => this.#submit(errand, client, cargo))
    const accepted: Accepted = { errand, jobId, digests, cancelAccepted: false }
    this.accepted.push(accepted)
    if (errand.work === 'cancel') await this.#cancel(accepted)
    if (errand.waits) await this.#wait(accepted)
  }

  /** Asks one replica after the other until one answers. */
  async #insist<Answer>(errand: Errand, ask: (client: JobClient) => Promise<Answer>): Promise<Answer> {
    for (let tried = 0; ; tried++) {
      const client = this.#clients[(errand.front + tried) % this.#clients.length]
      if (client === undefined) throw new RangeError('no replica takes requests')
      try {
        return await ask(client)
      } catch (failure) {
        this.#note(errand, failure)
        if (tried > 200) throw new Error(`errand ${errand.number} came to nothing`, { cause: failure })
        await pause(AGAIN_MS)
      }
    }
  }

  async #submit(errand: Errand, client: JobClient, cargo: readonly Cargo[]): Promise<string> {
    const idempotencyKey = `errand-${errand.number}`
    const job = {
      max_attempts: errand.work === 'always' ? 3 : MANY_ATTEMPTS,
      labels: { errand: String(errand.number), work: errand.work },
    }
    const parameters = parametersOf(errand)
    if (errand.way === 'form') return this.#sendForm(errand, client, cargo, { ...job, parameters })
    if (errand.way === 'parts' || errand.way === 'client') {
      const sources = cargo.map(({ name, bytes }) => ({ name, data: new Blob([new Uint8Array(bytes)]) }))
      return client.uploadFiles(sources, { parameters, job, idempotencyKey })
    }
    const uris = cargo.flatMap(({ uri }) => uri ?? [])
    const manifest =
      errand.way === 'inline'
        ? { manifest_inline: { files: uris } }
        : { manifest_uri: await this.#site.bucket.put(`${SEED_PREFIX}${errand.number}.jsonl`, uris.join('\n')) }
    const { job_id: jobId } = await client.submitJob({ ...manifest, parameters, ...job }, { idempotencyKey })
    return jobId
  }

  async #sendForm(
    errand: Errand,
    client: JobClient,
    cargo: readonly Cargo[],
    fields: Record<string, unknown>,
  ): Promise<string> {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, JSON.stringify(value))
    for (const { name, bytes } of cargo) form.append('file', new Blob([new Uint8Array(bytes)]), name)
    const answer = await fetch(`${this.#urlOf(client)}/ingest/upload`, {
      method: 'POST',
      body: form,
      headers: { 'idempotency-key': `errand-${errand.number}` },
      signal: AbortSignal.timeout(15_000),
    })
    const body = await answer.text()
    if (answer.status !== 202) throw new Error(`form: ${answer.status} ${body}`)
    return JSON.parse(body).job_id
  }

  /** A client that dies in the middle of an upload: what it leaves is to be swept away. */
  async #abandon(errand: Errand): Promise<void> {
    const cargo = filesOf(errand)
    const files = cargo.map(({ name, bytes }) => ({ filename: name, size_bytes: bytes.length }))
    await this.#insist(errand, async (client) => {
      const answer = await fetch(`${this.#urlOf(client)}/ingest/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ files, parameters: parametersOf(errand) }),
        signal: AbortSignal.timeout(15_000),
      })
      const started = await answer.text()
      if (answer.status !== 200) throw new Error(`ingest/start: ${answer.status} ${started}`)
      const url = JSON.parse(started).files[0].part_urls[0].url
      await fetch(url, { method: 'PUT', body: new Uint8Array(cargo[0]?.bytes ?? []) })
    })
  }

  async #cancel(accepted: Accepted): Promise<void> {
    const { errand, jobId } = accepted
    await pause(errand.size * 2_000)
    await this.#insist(errand, async (client) => {
      const answer = await fetch(`${this.#urlOf(client)}/jobs/${jobId}/cancel`, {
        method: 'POST',
        signal: AbortSignal.timeout(15_000),
      })
      const body = await answer.text()
      if (answer.status === 202) accepted.cancelAccepted = true
      else if (answer.status !== 409) throw new Error(`cancel: ${answer.status} ${body}`)
    })
  }

  async #wait({ errand, jobId }: Accepted): Promise<void> {
    await this.#insist(errand, (client) =>
      client.waitForJob(jobId).catch((failure: unknown) => {
        if (!(failure instanceof JobFailedError || failure instanceof JobCancelledError)) throw failure
      }),
    )
  }

  #urlOf(client: JobClient): string {
    return this.#site.members[this.#clients.indexOf(client)]?.url ?? ''
  }

  #note({ number, way }: Errand, failure: unknown): void {
    this.failures += 1
    const text = failure instanceof Error ? `${failure.message} ${failure.cause ?? ''}` : String(failure)
    const line = { time: Date.now(), errand: number, way, failure: text }
    appendFileSync(join(this.#site.folder, 'clients.log'), `${JSON.stringify(line)}\n`)
  }
}
