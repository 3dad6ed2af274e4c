import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JobOutput } from '@longshore/client'

export const JOB_ID = '018f4c1e-0000-7000-8000-000000000001'

/** A request for an object: what was asked, and how often this object was asked for before. */
export interface ObjectRequest {
  key: string
  headers: IncomingMessage['headers']
  /** How often the job was asked for its outputs when the URL was made. */
  generation: number
  tries: number
}

/** What is done to one answer; an answer is whole and right unless told otherwise. */
export interface Mishap {
  /** Answers this status and nothing else. */
  status?: number
  /** Breaks the connection after so many bytes of the body. */
  cutAfterBytes?: number
  /** Sends nothing more after so many bytes of the body, and keeps the connection. */
  stallAfterBytes?: number
  /** Serves these bytes under another ETag from now on. */
  replaceBy?: Buffer
  /** Answers a range without regard to `If-Range`, as some stores do. */
  ignoreIfRange?: boolean
  /** Answers the whole object to any request. */
  ignoreRange?: boolean
}

/** A service that lists a job's outputs and a store that serves them, with mishaps. */
export async function objectServer(
  objects: Record<string, Buffer>,
  mishap: (request: ObjectRequest) => Mishap | undefined = () => undefined,
) {
  const contents = new Map(Object.entries(objects))
  const requests: ObjectRequest[] = []
  const state = { listings: 0 }
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '', base())
    if (url.pathname.startsWith('/jobs/')) return sendJson(outgoing, listing(url.pathname))
    const key = decodeURIComponent(url.pathname.slice('/o/'.length))
    const tries = requests.filter((each) => each.key === key).length
    const request = { key, headers: incoming.headers, generation: Number(url.searchParams.get('g')), tries }
    requests.push(request)
    serve(outgoing, request, mishap(request) ?? {})
  })
  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const outputOf = (key: string): JobOutput => {
    const bytes = contents.get(key) ?? Buffer.alloc(0)
    return {
      uri: `s3://bucket/${key}`,
      size_bytes: bytes.length,
      sha256: sha256(bytes),
      media_type: 'application/octet-stream',
      url: `${base()}/o/${encodeURIComponent(key)}?g=${state.listings}`,
      expires_at: '2026-01-01T00:00:00.000Z',
    }
  }
  const listing = (path: string): { status: number; body: unknown } => {
    const job = path.split('/')[2] ?? ''
    const keys = [...contents.keys()].filter((key) => key.includes(job))
    state.listings += 1
    if (keys.length > 0) return { status: 200, body: { job_id: job, outputs: keys.map(outputOf) } }
    return { status: 404, body: problem('JOB_NOT_FOUND', 404) }
  }
  const serve = (outgoing: ServerResponse, { key, headers }: ObjectRequest, what: Mishap): void => {
    if (what.status !== undefined) return void outgoing.writeHead(what.status).end('<Error/>')
    if (what.replaceBy !== undefined) contents.set(key, what.replaceBy)
    const bytes = contents.get(key)
    if (bytes === undefined) return void outgoing.writeHead(404).end()
    const etag = `"${sha256(bytes).slice(0, 8)}"`
    const asked = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    const isSame = what.ignoreIfRange || headers['if-range'] === etag
    const start = isSame && !what.ignoreRange ? asked : 0
    const body = bytes.subarray(start)
    const range = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
    outgoing.writeHead(start > 0 ? 206 : 200, { etag, 'content-length': body.length, ...range })
    const some = what.cutAfterBytes ?? what.stallAfterBytes
    if (some === undefined) return void outgoing.end(body)
    outgoing.flushHeaders()
    outgoing.write(body.subarray(0, some), () => {
      if (what.cutAfterBytes !== undefined) outgoing.destroy()
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: base(),
    requests,
    state,
    /** The output at a key, with a URL made now. */
    outputOf,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function sendJson(outgoing: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function problem(code: string, status: number) {
  const detail = `what to do about ${code}`
  return { type: `urn:x:${code}`, title: code, status, detail, code, retryable: false, request_id: 'r' }
}
