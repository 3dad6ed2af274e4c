import type { z } from 'zod'
import type * as contract from '../contract/ingest.ts'
import type { Ingest, IngestFile } from '../engine/ingest-records.ts'
import type { PartUrl } from '../input/part-urls.ts'
import type { UploadedPart } from '../storage/object-store.ts'
import { timestamp } from './job-view.ts'

/** The answer to a start; `urls` are those of each file's parts. */
export function viewStarted(ingest: Ingest, urls: readonly PartUrl[][]): z.output<typeof contract.StartedIngest> {
  return {
    job_id: ingest.jobId,
    files: ingest.files.map((file, i) => ({
      file_id: file.id,
      filename: file.filename,
      s3_key: file.key,
      upload_id: file.uploadId,
      part_size_bytes: file.partSizeBytes,
      part_urls: viewUrls(urls[i] ?? []),
    })),
    expires_at: timestamp(ingest.expiresAt),
  }
}

/** Part URLs as the contract writes them. */
export function viewUrls(urls: readonly PartUrl[]): z.output<typeof contract.PartUrl>[] {
  return urls.map(({ partNumber, url }) => ({ part_number: partNumber, url }))
}

/** The answer to a complete. */
export function viewCompleted(file: IngestFile): z.output<typeof contract.CompletedFile> {
  return { file_id: file.id, s3_key: file.key, etag: file.etag ?? '', status: 'completed' }
}

/** An ingest as a client needs it to resume. */
export function viewIngest(ingest: Ingest, parts: readonly UploadedPart[][]): z.output<typeof contract.IngestState> {
  return {
    job_id: ingest.jobId,
    status: ingest.closedAt === null ? 'open' : 'completed',
    created_at: timestamp(ingest.createdAt),
    expires_at: timestamp(ingest.expiresAt),
    files: ingest.files.map((file, i) => ({
      file_id: file.id,
      filename: file.filename,
      s3_key: file.key,
      upload_id: file.uploadId,
      size_bytes: file.sizeBytes,
      part_size_bytes: file.partSizeBytes,
      sha256: file.sha256,
      status: file.etag === null ? ('open' as const) : ('completed' as const),
      etag: file.etag,
      parts: (parts[i] ?? []).map(viewPart),
    })),
  }
}

function viewPart(part: UploadedPart): { part_number: number; size_bytes: number; etag: string } {
  return { part_number: part.partNumber, size_bytes: part.sizeBytes, etag: part.etag }
}
