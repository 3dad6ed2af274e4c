import { z } from 'zod'
import { JobOptions, oneDueTime, Timestamp } from './job.ts'

/** `POST /ingest/start`. */
export const StartIngest = z
  .strictObject({
    files: z
      .array(
        z.strictObject({
          filename: z.string().describe('A name, or a relative path with `/`; never leads out of the job'),
          size_bytes: z.number().describe('An integer from 1'),
          sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/i)
            .optional()
            .describe('Checked when the file is complete'),
          content_type: z.string().max(255).optional(),
        }),
      )
      .min(1),
    ...JobOptions.shape,
  })
  .refine(oneDueTime.check, { error: oneDueTime.error })
  .meta({ id: 'StartIngest' })

export const PartUrl = z.object({ part_number: z.int().describe('From 1'), url: z.string() })

export const StartedIngest = z
  .object({
    job_id: z.uuid().describe('The id of the job that the ingest will become'),
    files: z.array(
      z.object({
        file_id: z.string(),
        filename: z.string(),
        s3_key: z.string(),
        upload_id: z.string(),
        part_size_bytes: z.int().min(1).describe('Every part has this size, but the last, which may be shorter'),
        part_urls: z.array(PartUrl),
      }),
    ),
    expires_at: Timestamp,
  })
  .meta({ id: 'StartedIngest' })

/** Parts a file may have, as in S3. */
export const MAX_PARTS = 10_000

/** The path of everything that belongs to one ingest. */
export const IngestPath = z.object({ job_id: z.string().describe('From the answer to the start') })

/** The path of one file of an ingest. */
export const IngestFilePath = z.object({ job_id: z.string(), file_id: z.string() })

/** `POST /ingest/complete`, once for each file. */
export const CompleteFile = z
  .strictObject({
    job_id: z.string(),
    file_id: z.string(),
    upload_id: z.string(),
    parts: z
      .array(z.strictObject({ PartNumber: z.int().min(1).max(MAX_PARTS), ETag: z.string().min(1).max(1024) }))
      .min(1)
      .max(MAX_PARTS),
  })
  .meta({ id: 'CompleteFile' })

export const CompletedFile = z
  .object({ file_id: z.string(), s3_key: z.string(), etag: z.string(), status: z.literal('completed') })
  .meta({ id: 'CompletedFile' })

/** `GET /ingest/{job_id}`: what a client needs to resume. */
export const IngestState = z
  .object({
    job_id: z.uuid(),
    status: z.enum(['open', 'completed']),
    created_at: Timestamp,
    expires_at: Timestamp,
    files: z.array(
      z.object({
        file_id: z.string(),
        filename: z.string(),
        s3_key: z.string(),
        upload_id: z.string(),
        size_bytes: z.int(),
        part_size_bytes: z.int().min(1),
        sha256: z.string().nullable(),
        status: z.enum(['open', 'completed']),
        etag: z.string().nullable(),
        parts: z.array(z.object({ part_number: z.int(), size_bytes: z.int(), etag: z.string() })),
      }),
    ),
  })
  .meta({ id: 'IngestState' })

/** `POST /ingest/{job_id}/files/{file_id}/parts`. */
export const RenewParts = z.strictObject({
  part_numbers: z.array(z.int().min(1).max(MAX_PARTS)).min(1).max(MAX_PARTS),
})

export const RenewedParts = z
  .object({ part_urls: z.array(PartUrl), expires_at: Timestamp })
  .meta({ id: 'RenewedParts' })

/** A field of `POST /ingest/upload`; the files are any number of further parts, under any name. */
export const UploadForm = z
  .object({
    file: z.array(z.string().meta({ format: 'binary' })).describe('The files; the name of the part does not matter'),
    parameters: z.string().optional().describe('JSON'),
    labels: z.string().optional().describe('JSON, an object of strings'),
    priority: z.string().optional(),
    delay_seconds: z.string().optional(),
    run_at: z.string().optional(),
    max_attempts: z.string().optional(),
    timeout_seconds: z.string().optional(),
    group: z.string().optional(),
    callback_url: z.string().optional(),
    resources: z.string().optional().describe('JSON, as in POST /jobs'),
  })
  .meta({ id: 'UploadForm' })
