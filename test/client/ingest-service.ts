import { z } from 'zod'
import type { Answer, Received } from './tiny-server.ts'

export const JOB_ID = '018f4c1e-0000-7000-8000-000000000001'

/** Bytes of a part. */
export const PART_BYTES = 4

const CREATED_AT = '2026-01-01T00:00:00.000Z'

const Start = z.looseObject({
  files: z.array(z.looseObject({ filename: z.string(), size_bytes: z.number(), sha256: z.string().optional() })),
})

const Complete = z.object({
  file_id: z.string(),
  upload_id: z.string(),
  parts: z.array(z.object({ PartNumber: z.number(), ETag: z.string() })),
})

const Renew = z.object({ part_numbers: z.array(z.number()) })

type Started = z.infer<typeof Start>

/** How the service differs from a quiet one. */
interface IngestServiceOptions {
  /** How long its URLs are said to last, in ms. Default an hour. */
  lastsMs?: number
  /** Names a part by its bytes. */
  etagOf?: (bytes: Buffer, path: string) => string
}

/** As much of the ingest as an upload sees, in memory. It has one, and remembers it by its idempotency key. */
export function ingestService({ lastsMs = 3_600_000, etagOf = nameOfPath }: IngestServiceOptions = {}) {
  const started: Started[] = []
  const completed: z.infer<typeof Complete>[] = []
  const parts = new Map<string, { bytes: Buffer; etag: string }>()
  const keys = new Set<string>()
  let aborts = 0
  let renewals = 0

  const expiry = () => ({
    headers: { date: CREATED_AT },
    expires_at: new Date(Date.parse(CREATED_AT) + lastsMs).toISOString(),
  })

  function start({ body, headers }: Received): Answer {
    const key = String(headers['idempotency-key'])
    const isReplay = keys.has(key)
    keys.add(key)
    const request = Start.parse(JSON.parse(body.toString()))
    if (!isReplay) started.push(request)
    const { headers: dated, expires_at } = expiry()
    const replay = isReplay ? { 'idempotency-replayed': 'true' } : {}
    return { headers: { ...dated, ...replay }, body: { job_id: JOB_ID, expires_at, files: request.files.map(target) } }
  }

  function state(): Answer {
    const files = started[0]?.files ?? []
    const isDone = files.every(({ filename }) => completed.some(({ file_id }) => file_id === filename))
    const known = files.map((file) => {
      const { part_urls, ...rest } = target(file)
      const isComplete = completed.some(({ file_id }) => file_id === file.filename)
      const received = part_urls.flatMap(({ part_number, url }) => {
        const part = isComplete ? undefined : parts.get(url)
        return part === undefined ? [] : [{ part_number, size_bytes: part.bytes.length, etag: part.etag }]
      })
      return {
        ...rest,
        size_bytes: file.size_bytes,
        sha256: file.sha256 ?? null,
        status: isComplete ? 'completed' : 'open',
        etag: isComplete ? '"whole"' : null,
        parts: received,
      }
    })
    const status = isDone ? 'completed' : 'open'
    return { body: { job_id: JOB_ID, status, created_at: CREATED_AT, expires_at: expiry().expires_at, files: known } }
  }

  function renew({ path, body }: Received): Answer {
    renewals += 1
    const filename = decodeURIComponent(path.split('/')[4] ?? '')
    const { part_numbers } = Renew.parse(JSON.parse(body.toString()))
    const part_urls = part_numbers.map((part_number) => ({
      part_number,
      url: `${partPath(filename, part_number)}?fresh=${renewals}`,
    }))
    const { headers, expires_at } = expiry()
    return { headers, body: { part_urls, expires_at } }
  }

  function complete({ body }: Received): Answer {
    const request = Complete.parse(JSON.parse(body.toString()))
    completed.push(request)
    return { body: { file_id: request.file_id, s3_key: request.file_id, etag: '"whole"', status: 'completed' } }
  }

  return {
    started,
    completed,
    parts,
    aborts: () => aborts,
    renewals: () => renewals,
    /** The text of every file that is complete. */
    files: (): Record<string, string> =>
      Object.fromEntries(
        completed.map(({ file_id, parts: listed }) => [
          file_id,
          listed.map(({ PartNumber }) => parts.get(partPath(file_id, PartNumber))?.bytes.toString()).join(''),
        ]),
      ),
    answer(request: Received): Answer {
      const { method, path, body } = request
      const [bare = ''] = path.split('?')
      if (method === 'PUT') {
        const etag = etagOf(body, bare)
        parts.set(bare, { bytes: body, etag })
        return { headers: { etag } }
      }
      if (path === '/ingest/start') return start(request)
      if (path === '/ingest/complete') return complete(request)
      if (method === 'GET') return state()
      if (path.endsWith('/parts')) return renew(request)
      aborts += 1
      return { status: 204 }
    },
  }
}

function target({ filename, size_bytes }: { filename: string; size_bytes: number }) {
  const count = Math.ceil(size_bytes / PART_BYTES)
  return {
    file_id: filename,
    filename,
    s3_key: `datasets/${JOB_ID}/${filename}`,
    upload_id: `upload-${filename}`,
    part_size_bytes: PART_BYTES,
    part_urls: Array.from({ length: count }, (_, i) => ({ part_number: i + 1, url: partPath(filename, i + 1) })),
  }
}

function partPath(filename: string, partNumber: number): string {
  return `/parts/${encodeURIComponent(filename)}/${partNumber}`
}

function nameOfPath(_bytes: Buffer, path: string): string {
  return `"${path.split('/').slice(2).join('-')}"`
}
