import multipart, { type Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { LongshoreError } from '../../base/errors.ts'
import { Job as JobSchema, SubmittedJob } from '../../contract/job.ts'
import { type FormPart, malformedForm } from '../../input/form-upload.ts'
import { idempotencyKeyOf } from '../idempotency-key.ts'
import { knownError } from '../known-errors.ts'
import { orAbort } from '../or-abort.ts'
import { describe, json, type Routes, routeOf } from '../room.ts'
import { answerSubmit } from './submit-job.ts'

/** Fields a form may have beside its files; there are ten to give. */
const MAX_FIELDS = 50

/** Uploading files and submitting the job of them in one form. */
export const uploadForm: Routes = (app, room) => {
  const { limits } = room.config
  app.register(multipart, {
    throwFileSizeLimit: false,
    preservePath: true,
    limits: {
      files: limits.filesPerIngest,
      fields: MAX_FIELDS,
      parts: limits.filesPerIngest + MAX_FIELDS,
      fieldSize: limits.bodyBytes,
      fieldNameSize: 100,
      // The limit of a file is checked as it is stored, so that the refusal can name it.
      fileSize: Number.MAX_SAFE_INTEGER,
    },
  })
  app.route({
    ...routeOf('uploadForm', room),
    schema: describe('uploadForm', {
      response: {
        200: json('The job, when it ended within `Prefer: wait=N`', JobSchema),
        202: json('The job is on disk. With `Prefer: wait=N`, the job itself', SubmittedJob),
      },
    }),
    handler: async (request, reply) => {
      const idempotencyKey = idempotencyKeyOf(request)
      const traceparent = room.traceparentOf(request)
      const stopper = new AbortController()
      const watch = room.arrivals.watch(request.raw, (error) => stopper.abort(error))
      try {
        const parts = formParts(request, stopper.signal, limits.bodyBytes)
        const { job, replayed } = await room.ingests.uploadForm(parts, {
          signal: stopper.signal,
          tenant: room.callerOf(request).tenant,
          ...(idempotencyKey !== undefined && { idempotencyKey }),
          ...(traceparent !== undefined && { traceparent }),
        })
        return await answerSubmit(room, request, reply, job, replayed)
      } catch (failure) {
        reply.header('connection', 'close')
        throw failure
      } finally {
        watch.cancel()
      }
    },
  })
}

/** The parts as they arrive. Fields are kept in memory, so all of them together may be as long as a JSON body. */
async function* formParts(request: FastifyRequest, signal: AbortSignal, fieldBytes: number): AsyncGenerator<FormPart> {
  const parts = readParts(request)
  let bytes = 0
  for (;;) {
    const next = await orAbort(parts.next(), signal).catch(unreadable)
    if (next.done) return
    const part = formPart(next.value)
    if (part.kind === 'field') bytes += Buffer.byteLength(part.value)
    if (bytes > fieldBytes) throw fieldsTooLong(fieldBytes)
    yield part
  }
}

function fieldsTooLong(limit: number): LongshoreError {
  return new LongshoreError(
    'BODY_TOO_LARGE',
    `The fields of the form are longer than ${limit} bytes together (MAX_BODY_MB).`,
  )
}

/** The parser of forms throws plain errors for what it cannot read. */
function unreadable(failure: unknown): never {
  const error = knownError(failure)
  throw error.code === 'INTERNAL' ? malformedForm(failure) : error
}

function readParts(request: FastifyRequest): AsyncIterableIterator<Multipart> {
  if (request.isMultipart()) return request.parts()
  throw new LongshoreError('UNSUPPORTED_MEDIA_TYPE', 'Send multipart/form-data, e.g. `curl -F file=@x.dat`.')
}

function formPart(part: Multipart): FormPart {
  if (part.type === 'file') {
    return { kind: 'file', filename: part.filename ?? '', contentType: part.mimetype, body: part.file }
  }
  if (part.fieldnameTruncated || part.valueTruncated || typeof part.value !== 'string') {
    throw new LongshoreError('MALFORMED_FORM', `The field ${JSON.stringify(part.fieldname)} is too long or not text.`)
  }
  return { kind: 'field', name: part.fieldname, value: part.value }
}
