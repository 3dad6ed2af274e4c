import { newId } from '../../src/base/ids.ts'
import type { JobFile, NewJob } from '../../src/job/job.ts'

/** A job that asks for nothing special, due at once. */
export function newJob(now: number, wishes: Partial<NewJob> = {}): NewJob {
  return {
    id: newId(),
    createdAt: now,
    runAt: now,
    manifest: { files: [{ uri: 's3://datasets/a.dat' }] },
    parameters: null,
    processor: { name: 'test', version: '1.0.0' },
    priority: 0,
    group: null,
    labels: {},
    maxAttempts: 3,
    timeoutMs: 60_000,
    ...wishes,
  }
}

/** A row of a ledger. */
export function jobFile(index: number, state: JobFile['state'], wishes: Partial<JobFile> = {}): JobFile {
  const uri = `s3://datasets/${index}.dat`
  return { index, uri, state, sizeBytes: null, etag: null, sha256: null, error: null, ...wishes }
}
