import { CompletedFile, StartedIngest as StartedIngestSchema } from '../../src/contract/ingest.ts'
import { ApiError, UploadError } from './errors.ts'
import type { ParametersOf, Typing } from './processor-shape.ts'
import type { JobOptions, StartedIngest } from './shapes.ts'
import type { Transport } from './transport.ts'

/** A file to upload. */
export interface UploadFile {
  /** Name the processor sees; unique within the job. */
  readonly name: string
  /** Its bytes; a blob of a file on disk is read piece by piece (`fileAt` of `@longshore/client/node` makes one). */
  readonly data: Blob
}

/** How far an upload has come. */
export interface UploadProgress {
  readonly sentBytes: number
  readonly totalBytes: number
  readonly sentFiles: number
  readonly totalFiles: number
}

export interface UploadOptions<T extends Typing = Typing> {
  /** What the processor is to do with the files. */
  readonly parameters?: ParametersOf<T>
  /** What else the job is given: priority, labels and so on. */
  readonly job?: JobOptions
  /** Parts that are sent at once. Default 4. */
  readonly concurrency?: number
  /** Called at the start and after every part and file. */
  readonly onProgress?: (progress: UploadProgress) => void
  readonly signal?: AbortSignal
}

type IngestFile = StartedIngest['files'][number]
type PartUrl = IngestFile['part_urls'][number]

/** A file on its way: what the service calls it, its bytes, and the parts that have arrived. */
interface Cargo {
  readonly target: IngestFile
  readonly data: Blob
  readonly received: { PartNumber: number; ETag: string }[]
}

/** Uploads files and so submits a job; answers the job's id. The last file's completion queues the job. */
export async function upload(
  transport: Transport,
  files: readonly UploadFile[],
  { job = {}, parameters, concurrency = 4, onProgress, signal }: UploadOptions,
): Promise<string> {
  const ingest = await startIngest(transport, files, { ...job, parameters }, signal)
  const cargoes = pair(ingest, files)
  const tally = openTally(files, onProgress)
  await eachBounded(partsOf(cargoes), concurrency, signal, async ({ cargo, part }, stop) => {
    tally.addBytes(await sendPart(transport, cargo, part, stop))
    if (cargo.received.length < cargo.target.part_urls.length) return
    await completeFile(transport, ingest.job_id, cargo, stop)
    tally.addFile()
  })
  return ingest.job_id
}

function startIngest(
  transport: Transport,
  files: readonly UploadFile[],
  job: JobOptions & { parameters: unknown },
  signal: AbortSignal | undefined,
): Promise<StartedIngest> {
  const announced = files.map(({ name, data }) => ({ filename: name, size_bytes: data.size }))
  return transport.call(StartedIngestSchema, 'ingest/start', {
    method: 'POST',
    body: { ...job, files: announced },
    signal,
  })
}

function pair({ files: targets }: StartedIngest, files: readonly UploadFile[]): Cargo[] {
  return files.map(({ name, data }, i) => {
    const target = targets[i]
    if (target?.filename === name) return { target, data, received: [] }
    throw new UploadError({
      code: 'UNEXPECTED_ANSWER',
      message: `The service did not say where to put ${name}`,
      filename: name,
    })
  })
}

function* partsOf(cargoes: readonly Cargo[]): Generator<{ cargo: Cargo; part: PartUrl }> {
  for (const cargo of cargoes) for (const part of cargo.target.part_urls) yield { cargo, part }
}

async function sendPart(
  transport: Transport,
  { target, data, received }: Cargo,
  part: PartUrl,
  signal: AbortSignal,
): Promise<number> {
  const start = (part.part_number - 1) * target.part_size_bytes
  const body = data.slice(start, start + target.part_size_bytes)
  const etag = await transport.follow(part.url, { method: 'PUT', body, signal }, takeEtag)
  received.push({ PartNumber: part.part_number, ETag: etag })
  return body.size
}

/** In quotes, as the header has it and as stores want it back. */
async function takeEtag(response: Response): Promise<string> {
  // Read to its end, so that the connection can be used again.
  await response.arrayBuffer()
  const etag = response.headers.get('etag')
  if (etag !== null) return etag
  const message = `${new URL(response.url).origin} gave no ETag for a part; in a browser, its CORS rules must expose it`
  throw new ApiError({ code: 'UNEXPECTED_ANSWER', message, status: response.status })
}

async function completeFile(transport: Transport, jobId: string, cargo: Cargo, signal: AbortSignal): Promise<void> {
  const { file_id, upload_id } = cargo.target
  const parts = cargo.received.toSorted((a, b) => a.PartNumber - b.PartNumber)
  await transport.call(CompletedFile, 'ingest/complete', {
    method: 'POST',
    body: { job_id: jobId, file_id, upload_id, parts },
    signal,
  })
}

function openTally(files: readonly UploadFile[], onProgress: UploadOptions['onProgress']) {
  const totalBytes = files.reduce((sum, { data }) => sum + data.size, 0)
  const tally = { sentBytes: 0, totalBytes, sentFiles: 0, totalFiles: files.length }
  const report = (): void => onProgress?.({ ...tally })
  report()
  return {
    addBytes: (bytes: number): void => {
      tally.sentBytes += bytes
      report()
    },
    addFile: (): void => {
      tally.sentFiles += 1
      report()
    },
  }
}

/**
 * Works on a few items at a time, taken from one generator by all. The first failure stops the others, and nothing runs on
 * after this has settled.
 */
async function eachBounded<Item>(
  items: Generator<Item>,
  bound: number,
  signal: AbortSignal | undefined,
  action: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController()
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const run = async (): Promise<void> => {
    for (const item of items) await action(item, stop)
  }
  const runs = Array.from({ length: bound }, () =>
    run().catch((failure) => {
      failed.abort(failure)
    }),
  )
  await Promise.all(runs)
  signal?.throwIfAborted()
  failed.signal.throwIfAborted()
}
