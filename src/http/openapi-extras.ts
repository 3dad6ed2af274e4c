import { z } from 'zod'
import { UploadForm } from '../contract/ingest.ts'

const IdempotencyKey = z.object({
  'Idempotency-Key': z
    .string()
    .max(255)
    .optional()
    .describe('The same key with the same request answers what the first one made, with `Idempotency-Replayed: true`'),
})

const Prefer = z.object({
  Prefer: z.string().optional().describe('`wait=N` holds the answer up to N (≤ 60) seconds, until the job has ended'),
})

const IfNoneMatch = z.object({ 'If-None-Match': z.string().optional() })

const Signature = z.object({ expires: z.string(), signature: z.string() })

const ObjectPath = z.object({ bucket: z.string(), key: z.string().describe('The whole rest of the path') })

const Bytes = z.string().meta({ format: 'binary' })

/** Parts of requests that only OpenAPI needs, by operation. */
export const DOCUMENTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  submitJob: { headers: IdempotencyKey.extend(Prefer.shape) },
  getJob: { headers: IfNoneMatch },
  jobEvents: {
    headers: z.object({
      'Last-Event-ID': z.string().optional().describe('The last event heard: what follows is sent'),
    }),
  },
  runSchedule: { headers: IdempotencyKey },
  startIngest: { headers: IdempotencyKey },
  uploadForm: { headers: IdempotencyKey.extend(Prefer.shape), consumes: ['multipart/form-data'], body: UploadForm },
  getObject: {
    params: ObjectPath,
    querystring: Signature,
    headers: IfNoneMatch.extend({ Range: z.string().optional(), 'If-Range': z.string().optional() }),
  },
  putPart: {
    params: ObjectPath,
    querystring: Signature.extend({ upload_id: z.string(), part_number: z.string(), size: z.string() }),
    consumes: ['application/octet-stream'],
    body: Bytes,
  },
}
