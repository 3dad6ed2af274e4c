import { UploadError } from '../errors.ts'
import type { JobOptions, StartedIngest } from '../shapes.ts'
import { Cargo } from './cargo.ts'
import { type Digests, onceOnly, sha256Of } from './digests.ts'
import { matchFiles } from './match-files.ts'
import { PartUrls, type UrlBatch } from './part-urls.ts'
import type { ServiceCalls } from './service-calls.ts'
import type { Supply } from './source.ts'

/** What an upload speaks to and computes with. */
export interface UploadGround {
  readonly calls: ServiceCalls
  readonly digests: Digests
}

/** An upload that is open on the service. */
export interface OpenedUpload {
  readonly jobId: string
  /** Until when it stays open on the service, at least. */
  readonly expiresAt: Date
  readonly cargoes: readonly Cargo[]
}

/** What is announced of the files, beside the options of the job. */
export async function announce(
  supplies: readonly Supply[],
  job: JobOptions & { parameters?: unknown },
  digests: Digests | undefined,
  signal: AbortSignal,
) {
  const files: {
    filename: string
    size_bytes: number
    sha256?: string | undefined
    content_type?: string | undefined
  }[] = []
  for (const supply of supplies) {
    const { name: filename, sizeBytes: size_bytes, contentType: content_type } = supply
    const sha256 = digests === undefined ? supply.sha256 : await sha256Of(supply, digests, signal)
    if (digests !== undefined && sha256 === undefined) throw onceOnly(supply)
    signal.throwIfAborted()
    files.push({ filename, size_bytes, sha256, content_type })
  }
  return { ...job, files }
}

/** Starts an upload. Where the key was used before, it goes on with what that call left. */
export async function startUpload(
  ground: UploadGround,
  supplies: readonly Supply[],
  body: Awaited<ReturnType<typeof announce>>,
  key: string,
  signal: AbortSignal,
): Promise<OpenedUpload> {
  const { job_id: jobId, files, lastsMs, expires_at, replayed } = await ground.calls.start(body, key, signal)
  if (replayed) return resumeUpload(ground, supplies, jobId, signal)
  const cargoes = supplies.map((supply, i) => {
    const target = targetOf(files[i], supply)
    return new Cargo(supply, target, urlsOf(ground, jobId, signal, { part_urls: target.part_urls, lastsMs }))
  })
  return { jobId, expiresAt: new Date(expires_at), cargoes }
}

/** Goes on with an upload that is open, or done. Throws `RESUME_MISMATCH`. */
export async function resumeUpload(
  ground: UploadGround,
  supplies: readonly Supply[],
  jobId: string,
  signal: AbortSignal,
): Promise<OpenedUpload> {
  const state = await ground.calls.state(jobId, supplies.length, signal)
  const matches = await matchFiles(state, supplies, ground.digests, signal)
  const cargoes = matches.map(
    ({ supply, known, earlier }) => new Cargo(supply, known, urlsOf(ground, jobId, signal), earlier),
  )
  return { jobId, expiresAt: new Date(state.expires_at), cargoes }
}

function urlsOf({ calls }: UploadGround, jobId: string, signal: AbortSignal, first?: UrlBatch) {
  return (cargo: Cargo) =>
    new PartUrls(() => calls.freshUrls(jobId, cargo.target.file_id, cargo.missing(), signal), first)
}

function targetOf(file: StartedIngest['files'][number] | undefined, { name }: Supply): StartedIngest['files'][number] {
  if (file?.filename === name) return file
  const message = `The service did not say where to put ${JSON.stringify(name)}`
  throw new UploadError({ code: 'UNEXPECTED_ANSWER', message, filename: name })
}
