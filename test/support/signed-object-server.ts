import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { LongshoreError } from '../../src/base/errors.ts'
import type { ByteRange, ObjectStore } from '../../src/storage/object-store.ts'
import { verifySignedUrl } from '../../src/storage/signed-url.ts'

/** The least server that honours a local store's signed URLs, so that the store is tested without the service. */
export async function serveSignedObjects(
  store: ObjectStore,
  secret: string,
): Promise<{ origin: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    answer(store, secret, request, response).catch((failure: unknown) => {
      response.statusCode = failure instanceof LongshoreError ? failure.status : 500
      response.end(String(failure))
      request.resume()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { origin: `http://127.0.0.1:${address.port}`, [Symbol.asyncDispose]: close }
}

async function answer(
  store: ObjectStore,
  secret: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { ref, part } = verifySignedUrl(secret, request.method ?? '', request.url ?? '', Date.now())
  if (part) {
    const { etag } = await store.uploadPart(ref, part.uploadId, part, request)
    response.setHeader('etag', etag).end()
    return
  }
  const range = readRange(request.headers.range)
  const { body } = await store.get(ref, range ? { range } : {})
  response.statusCode = range ? 206 : 200
  await pipeline(body, response)
}

function readRange(header: string | undefined): ByteRange | undefined {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? []
  return start === undefined ? undefined : { start: Number(start), end: Number(end) }
}
