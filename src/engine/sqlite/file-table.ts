import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { LongshoreError } from '../../base/errors.ts'
import type { FileCounts, JobFile } from '../../job/job.ts'
import type { FileQuery, Page } from '../job-engine.ts'
import { integerOrNull, text } from '../record/columns.ts'
import { FILE_STATES, readFile } from '../record/file-row.ts'
import { Query } from './database.ts'

/** The rows of jobs' per-file ledgers. Their sums are kept in the job's own row, so that reading a job never counts. */
export class FileTable {
  readonly #standing: Query
  readonly #put: Query
  readonly #markDone: Query
  readonly #list: Query
  readonly #delete: Query

  constructor(db: DatabaseSync) {
    this.#standing = new Query(db, 'SELECT state, size_bytes FROM files WHERE job = ? AND idx = ?')
    this.#put = new Query(
      db,
      'INSERT OR REPLACE INTO files (job, idx, uri, state, size_bytes, etag, sha256, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#markDone = new Query(db, "UPDATE files SET state = 'done' WHERE job = ? AND state = 'downloaded'")
    this.#list = new Query(
      db,
      `SELECT idx, uri, state, size_bytes, etag, sha256, error FROM files
        WHERE job = ? AND idx > ? AND state IN (SELECT value FROM json_each(?)) ORDER BY idx LIMIT ?`,
    )
    this.#delete = new Query(db, 'DELETE FROM files WHERE job = ?')
  }

  /** Inserts or replaces rows; answers the job's sums after it. */
  put(num: number, files: readonly JobFile[], counts: FileCounts): FileCounts {
    const sums = { ...counts }
    for (const file of files) {
      const before = this.#standing.get(num, file.index)
      if (before) weigh(sums, text(before, 0), integerOrNull(before, 1), -1)
      weigh(sums, file.state, file.sizeBytes, 1)
      this.#put.run(...fileValues(num, file))
    }
    return sums
  }

  /** Every file still `downloaded` becomes `done`; answers the job's sums after it. */
  markDownloadedDone(num: number, counts: FileCounts): FileCounts {
    return { ...counts, done: counts.done + this.#markDone.run(num).changes }
  }

  list(num: number, query: FileQuery): Page<JobFile> {
    const after = query.cursor === undefined ? -1 : readCursor(query.cursor)
    const states = JSON.stringify(query.states?.length ? query.states : FILE_STATES)
    const items = this.#list.all(num, after, states, query.limit + 1).map(readFile)
    const page = items.slice(0, query.limit)
    const last = page.at(-1)
    return { items: page, next: items.length > page.length && last ? String(last.index) : null }
  }

  delete(num: number): void {
    this.#delete.run(num)
  }
}

/** `bytes` are those of files that were fetched: downloaded, then done. */
function weigh(sums: FileCounts, state: string, sizeBytes: number | null, sign: 1 | -1): void {
  if (state === 'done') sums.done += sign
  if (state === 'failed') sums.failed += sign
  if (state === 'done' || state === 'downloaded') sums.bytes += sign * (sizeBytes ?? 0)
}

function fileValues(num: number, file: JobFile): SQLInputValue[] {
  return [num, file.index, file.uri, file.state, file.sizeBytes, file.etag, file.sha256, file.error]
}

function readCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new LongshoreError('VALIDATION_FAILED', 'cursor is not one that a listing gave.')
}
