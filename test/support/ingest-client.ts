import assert from 'node:assert/strict'
import { Api } from './api.ts'

/** A file of a started ingest, as the wire shows it. */
export interface IngestedFile {
  file_id: string
  filename: string
  s3_key: string
  upload_id: string
  part_size_bytes: number
  part_urls: { part_number: number; url: string }[]
}

/** A part as the wire wants it listed. */
export interface ClientPart {
  PartNumber: number
  ETag: string
}

/** One ingest driven with plain `fetch`, as the original's clients do it. */
export class IngestClient {
  readonly jobId: string
  readonly files: readonly IngestedFile[]
  readonly #api: Api
  readonly #contents: Readonly<Record<string, Buffer>>

  private constructor(api: Api, contents: Record<string, Buffer>, started: { job_id: string; files: IngestedFile[] }) {
    this.#api = api
    this.#contents = contents
    this.jobId = started.job_id
    this.files = started.files
  }

  static async start(
    api: Api,
    contents: Record<string, Buffer>,
    perFile: Record<string, unknown> = {},
    options: Record<string, unknown> = {},
  ): Promise<IngestClient> {
    const files = Object.entries(contents).map(([filename, bytes]) => ({
      filename,
      size_bytes: bytes.length,
      ...perFile,
    }))
    const answer = await api.post('/ingest/start', { files, ...options })
    assert.equal(answer.status, 200, await answer.clone().text())
    return new IngestClient(api, contents, (await answer.json()) as { job_id: string; files: IngestedFile[] })
  }

  file(filename: string): IngestedFile {
    const file = this.files.find((each) => each.filename === filename)
    assert.ok(file)
    return file
  }

  /** Puts one part to its URL; answers it with its ETag in quotes, as it came. */
  async put(file: IngestedFile, partNumber: number, url = file.part_urls[partNumber - 1]?.url): Promise<ClientPart> {
    const bytes = this.#contents[file.filename] ?? Buffer.alloc(0)
    const size = file.part_size_bytes
    const body = new Uint8Array(bytes.subarray((partNumber - 1) * size, partNumber * size))
    const answer = await fetch(url ?? '', { method: 'PUT', body })
    assert.equal(answer.status, 200, await answer.text())
    const etag = answer.headers.get('ETag') ?? ''
    assert.match(etag, /^".+"$/)
    return { PartNumber: partNumber, ETag: etag }
  }

  /** Puts every part, the last one first. */
  async putAll(file: IngestedFile): Promise<ClientPart[]> {
    const parts: ClientPart[] = []
    for (const { part_number: partNumber } of file.part_urls.toReversed())
      parts.unshift(await this.put(file, partNumber))
    return parts
  }

  complete(file: IngestedFile, parts: readonly ClientPart[], base = this.#api.url): Promise<Response> {
    const { file_id, upload_id } = file
    return new Api(base).post('/ingest/complete', { job_id: this.jobId, file_id, upload_id, parts })
  }

  /** Completes a file, at another address if the service was started anew. */
  async completed(
    file: IngestedFile,
    parts: readonly ClientPart[],
    base = this.#api.url,
  ): Promise<Record<string, unknown>> {
    const answer = await this.complete(file, parts, base)
    assert.equal(answer.status, 200, await answer.clone().text())
    return (await answer.json()) as Record<string, unknown>
  }
}
