import type { z } from 'zod'
import {
  CompletedFile,
  IngestState as IngestStateSchema,
  RenewedParts,
  StartedIngest as StartedIngestSchema,
} from '../../../src/contract/ingest.ts'
import { readJson, readNothing } from '../answers.ts'
import { ApiError } from '../errors.ts'
import { ingestPath, jobPath } from '../service-paths.ts'
import type { StartedIngest } from '../shapes.ts'
import type { Transport } from '../transport.ts'
import type { Piece } from './source.ts'

/** What the service has of an upload. */
export type IngestState = z.infer<typeof IngestStateSchema>

/** A part as the wire wants it listed. */
export interface ListedPart {
  readonly PartNumber: number
  readonly ETag: string
}

/** An answer that is good until `expires_at`, and how long that is, in ms. */
type Lasting<Answer> = Answer & { readonly lastsMs: number }

/** What a store may take to put a file together, and the service to digest it: 4 MiB/s. */
const SLOWEST_MAKE_BYTES_PER_MS = 4096

/** What opening the upload of one file, or asking for its parts, may take. */
const ASK_FILE_MS = 100

/** The requests of an upload, each with the limit of a try that suits it. All of them can be repeated. */
export class ServiceCalls {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  start(
    body: { files: readonly unknown[] },
    key: string,
    signal: AbortSignal,
  ): Promise<Lasting<StartedIngest> & { replayed: boolean }> {
    const headers = { 'idempotency-key': key }
    const tryTimeoutMs = this.#transport.tryLimit() + body.files.length * ASK_FILE_MS
    const request = { method: 'POST', body, headers, signal, tryTimeoutMs } as const
    return this.#transport.ask('ingest/start', request, async (response) => ({
      ...(await readLasting(StartedIngestSchema, response)),
      replayed: response.headers.get('idempotency-replayed') === 'true',
    }))
  }

  /** The upload is thought to have `files` files: the service asks the store about each. */
  state(jobId: string, files: number, signal: AbortSignal): Promise<IngestState> {
    const tryTimeoutMs = this.#transport.tryLimit() + files * ASK_FILE_MS
    return this.#transport.call(IngestStateSchema, ingestPath(jobId), { signal, tryTimeoutMs })
  }

  freshUrls(
    jobId: string,
    fileId: string,
    partNumbers: readonly number[],
    signal: AbortSignal,
  ): Promise<Lasting<z.infer<typeof RenewedParts>>> {
    const path = `${ingestPath(jobId)}/files/${encodeURIComponent(fileId)}/parts`
    const body = { part_numbers: partNumbers }
    const request = { method: 'POST', body, signal, tryTimeoutMs: this.#transport.tryLimit() } as const
    return this.#transport.ask(path, request, (response) => readLasting(RenewedParts, response))
  }

  /** Answers the part's ETag, in quotes, as the header has it and as stores want it back. */
  putPart(url: string, piece: Piece, signal: AbortSignal): Promise<string> {
    const sizeBytes = piece instanceof Blob ? piece.size : piece.length
    const tryTimeoutMs = this.#transport.tryLimit(sizeBytes)
    return this.#transport.follow(url, { method: 'PUT', body: piece, signal, tryTimeoutMs }, takeEtag)
  }

  async complete(
    jobId: string,
    file: { file_id: string; upload_id: string; sizeBytes: number },
    parts: readonly ListedPart[],
    signal: AbortSignal,
  ): Promise<void> {
    const { file_id, upload_id, sizeBytes } = file
    const body = { job_id: jobId, file_id, upload_id, parts }
    const tryTimeoutMs = this.#transport.tryLimit() + sizeBytes / SLOWEST_MAKE_BYTES_PER_MS
    await this.#transport.call(CompletedFile, 'ingest/complete', { method: 'POST', body, signal, tryTimeoutMs })
  }

  abort(jobId: string, signal: AbortSignal): Promise<void> {
    return this.#transport.ask(`${ingestPath(jobId)}/abort`, { method: 'POST', signal }, readNothing)
  }

  cancelJob(jobId: string, signal: AbortSignal): Promise<void> {
    return this.#transport.ask(`${jobPath(jobId)}/cancel`, { method: 'POST', signal }, readNothing)
  }

  /** Resolves when the job has changed, or after a few seconds. */
  jobChange(jobId: string, signal: AbortSignal): Promise<void> {
    return this.#transport.ask(`${jobPath(jobId)}?wait=5`, { signal }, readNothing)
  }

  deleteJob(jobId: string, signal: AbortSignal): Promise<void> {
    return this.#transport.ask(jobPath(jobId), { method: 'DELETE', signal }, readNothing)
  }
}

/** The service's clock decides what expires: where its time can be read, this machine's may be wrong. */
async function readLasting<Answer extends { expires_at: string }>(
  schema: z.ZodType<Answer>,
  response: Response,
): Promise<Lasting<Answer>> {
  const answer = await readJson(schema, response)
  const date = Date.parse(response.headers.get('date') ?? '')
  return { ...answer, lastsMs: Date.parse(answer.expires_at) - (Number.isNaN(date) ? Date.now() : date) }
}

async function takeEtag(response: Response): Promise<string> {
  await readNothing(response)
  const etag = response.headers.get('etag')
  if (etag !== null) return etag
  const message = `${new URL(response.url).origin} gave no ETag for a part; in a browser, its CORS rules must expose it`
  throw new ApiError({ code: 'UNEXPECTED_ANSWER', message, status: response.status })
}
