import { basename } from 'node:path/posix'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LongshoreError } from '../../base/errors.ts'
import type { ObjectInfo } from '../../storage/object-store.ts'
import type { ObjectRef } from '../../storage/object-uri.ts'
import { type SignedRequest, verifySignedUrl } from '../../storage/signed-url.ts'
import { contentRange, requestedRange } from '../byte-ranges.ts'
import { namesEtag } from '../etags.ts'
import { bytes, describe, empty, type Room, type Routes, routeOf } from '../room.ts'

/** What browsers show without running anything of it. */
const SHOWN_TYPES: ReadonlySet<string> = new Set([
  'text/plain',
  'application/json',
  'image/png',
  'image/jpeg',
  'image/gif',
])

/** Objects and parts of the local store, by signed URL. With S3 such URLs lead to S3, and these routes answer 404. */
export const objectRoutes: Routes = (app, room) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  app.route({
    ...routeOf('getObject', room),
    schema: describe('getObject', {
      response: {
        200: bytes('The object'),
        206: bytes('The range of it that was asked for'),
        304: empty('The object is still the one of `If-None-Match`'),
      },
    }),
    exposeHeadRoute: false,
    handler: (request, reply) => serveObject(room, request, reply),
  })
  // Fastify's own HEAD would say the length of the empty answer.
  app.route({
    ...routeOf('getObject', room),
    method: 'HEAD',
    schema: { hide: true },
    handler: (request, reply) => serveObject(room, request, reply),
  })

  app.route({
    ...routeOf('putPart', room),
    schema: describe('putPart', {
      response: { 200: empty('The part was received; complete the file with the `ETag` of this answer') },
    }),
    handler: (request, reply) => receivePart(room, request, reply),
  })
}

async function serveObject(room: Room, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { ref } = verified(room, request)
  const info = await room.store.head(ref)
  if (info === undefined) throw new LongshoreError('OBJECT_NOT_FOUND', 'The object is no longer there.')
  reply.headers(objectHeaders(ref, info))
  if (namesEtag(request.headers['if-none-match'], info.etag)) return reply.code(304).send()
  if (request.method === 'HEAD') return reply.header('content-length', info.sizeBytes).send()
  return sendObject(room, request, reply, ref, info)
}

async function sendObject(
  room: Room,
  request: FastifyRequest,
  reply: FastifyReply,
  ref: ObjectRef,
  info: ObjectInfo,
): Promise<unknown> {
  const range = rangeOf(request, reply, info)
  const length = range ? range.end - range.start + 1 : info.sizeBytes
  if (range) reply.code(206).header('content-range', contentRange(range, info.sizeBytes))
  const { body } = await room.store.get(ref, { ifMatch: info.etag, ...(range && { range }) })
  return reply.header('content-length', length).send(body)
}

function rangeOf(request: FastifyRequest, reply: FastifyReply, info: ObjectInfo): ReturnType<typeof requestedRange> {
  try {
    return requestedRange(request.headers, info)
  } catch (failure) {
    reply.header('content-range', contentRange(undefined, info.sizeBytes))
    throw failure
  }
}

async function receivePart(room: Room, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { ref, part } = verified(room, request)
  if (part === undefined) throw new LongshoreError('SIGNATURE_INVALID', 'The URL is not one of a part.')
  const announced = request.headers['content-length']
  if (announced !== undefined && Number(announced) !== part.sizeBytes) {
    throw new LongshoreError(
      'PART_SIZE_MISMATCH',
      `The part must have ${part.sizeBytes} bytes, Content-Length says ${announced}.`,
    )
  }
  const stopper = new AbortController()
  const watch = room.arrivals.watch(request.raw, (error) => stopper.abort(error))
  try {
    const { etag } = await room.store.uploadPart(ref, part.uploadId, part, request.raw, stopper.signal)
    return reply.header('etag', etag).send()
  } catch (failure) {
    // The client went; that is no fault of the service, though nobody is left to hear it.
    throw request.raw.errored === null ? failure : endedEarly(failure)
  } finally {
    watch.cancel()
  }
}

function endedEarly(cause: unknown): LongshoreError {
  return new LongshoreError('MALFORMED_REQUEST', 'The body ended before it was complete.', { cause })
}

function verified(room: Room, request: FastifyRequest): SignedRequest {
  if (room.store.kind !== 'local' || room.signingSecret === undefined) {
    throw new LongshoreError('ROUTE_NOT_FOUND', 'This service keeps no objects itself; use the URLs it hands out.')
  }
  return verifySignedUrl(room.signingSecret, request.method, request.raw.url ?? '', room.clock.now())
}

/** An object may be anything a stranger uploaded: it never runs in a browser on this origin. */
function objectHeaders(ref: ObjectRef, info: ObjectInfo): Record<string, string> {
  const type = info.contentType.split(';', 1)[0] ?? ''
  const disposition = SHOWN_TYPES.has(type) ? 'inline' : 'attachment'
  return {
    etag: info.etag,
    'last-modified': new Date(info.modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': info.contentType,
    'content-disposition': `${disposition}; filename*=UTF-8''${encodeName(basename(ref.key))}`,
    'content-security-policy': "default-src 'none'; sandbox",
    // Whoever has the URL may show the object, on a page of any origin.
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, no-transform',
  }
}

/** Percent-escapes what RFC 8187 does not allow, which is a little more than `encodeURIComponent` does. */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
}
