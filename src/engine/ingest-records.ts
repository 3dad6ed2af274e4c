import type { JobDraft } from '../job/job.ts'

/** One file of an ingest. */
export interface IngestFile {
  id: string
  filename: string
  key: string
  uploadId: string
  sizeBytes: number
  partSizeBytes: number
  /** Announced by the client, lower-case hex; checked when the file is complete. */
  sha256: string | null
  contentType: string | null
  /** Set once the file lies complete in the store. */
  etag: string | null
}

/** An upload session that ends as the job of the same id. Instants are milliseconds since 1970. */
export interface Ingest {
  jobId: string
  bucket: string
  createdAt: number
  /** When its URLs expire and an open ingest is swept away. Moves on when fresh URLs are given; {@link ENDED_EXPIRY} once it has ended. */
  expiresAt: number
  /** When the job was queued; null while the ingest is open. */
  closedAt: number | null
  files: readonly IngestFile[]
  /** The job it will become; the files make up its manifest. */
  draft: JobDraft
}

/** The expiry of an ingest that has ended: it takes no file any more, and is there until what it left is dropped. */
export const ENDED_EXPIRY = 0

/** Whether an ingest has ended. */
export function hasEnded({ expiresAt }: Ingest): boolean {
  return expiresAt === ENDED_EXPIRY
}

/** How many ingests may be open. */
export interface IngestLimits {
  /** Of all. */
  maxOpen: number
  /** Of the ingest's own tenant; no limit when absent. */
  maxOpenOfTenant?: number | undefined
}

/** Keeps upload sessions beside the jobs. Every verb that writes has written durably when its promise resolves. */
export interface IngestRecords {
  /**
   * Keeps a new ingest, in the place of one of the same job that has no files yet; throws `ENGINE_UNAVAILABLE` when that
   * place has ended. With an idempotency key that its tenant has used: the same hash answers the ingest that is there,
   * another throws `IDEMPOTENCY_KEY_REUSED`. Throws `TOO_MANY_INGESTS` when so many are open already.
   */
  open(ingest: Ingest, limits?: IngestLimits): Promise<{ ingest: Ingest; replayed: boolean }>
  get(jobId: string): Promise<Ingest | undefined>
  /** Notes that a file is complete; answers the ingest after it, or nothing when there is none or it has ended. Repeating it changes nothing. */
  completeFile(jobId: string, fileId: string, etag: string): Promise<Ingest | undefined>
  /** Moves the expiry of an open ingest on, never back. False when there is none, or it has ended. */
  extend(jobId: string, expiresAt: number): Promise<boolean>
  /**
   * Ends an open ingest: from then on no file of it is completed, nothing extends or closes it, and its idempotency key
   * is free. With `by` it ends only one that expires by then and has a file that is not complete, or none yet. Repeating
   * it is harmless. False, with nothing changed, when it goes on, is closed, or there is none.
   */
  end(jobId: string, by?: number): Promise<boolean>
  /** Notes that the job is queued. Repeating it changes nothing. False when there is no such ingest, or it has ended. */
  close(jobId: string, closedAt: number): Promise<boolean>
  /** Forgets an ingest. False when there was none, or it had ended. */
  forget(jobId: string): Promise<boolean>
  /** Open ingests, oldest expiry first. */
  listOpen(limit: number): Promise<Ingest[]>
  /** How many ingests are open, of all or of one tenant. */
  countOpen(tenant?: string): Promise<number>
}
