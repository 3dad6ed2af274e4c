import { z } from 'zod'
import { JobOptions, Timestamp } from './job.ts'

/** `POST /ingest/start`. */
export const StartIngest = z
  .strictObject({
    files: z
      .array(
        z.strictObject({
          filename: z.string(),
          size_bytes: z.number(),
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
  .refine((body) => body.delay_seconds === undefined || body.run_at === undefined, {
    error: 'give delay_seconds or run_at, not both',
  })
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
        part_size_bytes: z.int().describe('Every part has this size, but the last, which may be shorter'),
        part_urls: z.array(PartUrl),
      }),
    ),
    expires_at: Timestamp,
  })
  .meta({ id: 'StartedIngest' })

/** `POST /ingest/complete`, once for each file. */
export const CompleteFile = z
  .strictObject({
    job_id: z.uuid(),
    file_id: z.string(),
    upload_id: z.string(),
    parts: z
      .array(z.strictObject({ PartNumber: z.int().min(1).max(10_000), ETag: z.string().min(1).max(1024) }))
      .min(1)
      .max(10_000),
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
        part_size_bytes: z.int(),
        sha256: z.string().nullable(),
        status: z.enum(['open', 'completed']),
        etag: z.string().nullable(),
        parts: z.array(z.object({ part_number: z.int(), size_bytes: z.int(), etag: z.string() })),
      }),
    ),
  })
  .meta({ id: 'IngestState' })

/** `POST /ingest/{job_id}/files/{file_id}/parts`. */
export const RenewParts = z.strictObject({ part_numbers: z.array(z.int().min(1).max(10_000)).min(1).max(10_000) })

export const RenewedParts = z
  .object({ part_urls: z.array(PartUrl), expires_at: Timestamp })
  .meta({ id: 'RenewedParts' })
