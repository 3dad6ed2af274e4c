import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { Row } from '../record/columns.ts'

/** A prepared statement whose rows come as arrays: reading a job's 35 columns so takes half the time of an object. */
export class Query {
  readonly #statement: StatementSync

  constructor(db: DatabaseSync, sql: string) {
    this.#statement = db.prepare(sql)
    this.#statement.setReturnArrays(true)
  }

  all(...parameters: SQLInputValue[]): Row[] {
    return asRows(this.#statement.all(...parameters))
  }

  get(...parameters: SQLInputValue[]): Row | undefined {
    const row: unknown = this.#statement.get(...parameters)
    return Array.isArray(row) ? row : undefined
  }

  /** Runs a writing statement; answers how many rows it changed and the last row number it gave. */
  run(...parameters: SQLInputValue[]): { changes: number; num: number } {
    const { changes, lastInsertRowid } = this.#statement.run(...parameters)
    return { changes: Number(changes), num: Number(lastInsertRowid) }
  }
}

/** The typings know rows only as objects; with `setReturnArrays` each one is an array. */
function asRows(rows: unknown): Row[] {
  return rows as Row[]
}

/**
 * Opens the file durably: every commit is fsynced (WAL with synchronous=FULL). It is locked exclusively, because the
 * engine keeps running attempts and counts in memory, which another writer would falsify.
 */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${2 * CHECKPOINT_PAGES * PAGE_BYTES};
      PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA temp_store = MEMORY;
    `)
  } catch (thrown) {
    db.close()
    throw thrown
  }
  return db
}

const PAGE_BYTES = 4096
/**
 * The log is copied into the file every 8 MiB, some 10 ms of stall. Then it is written over from its beginning, which is
 * cheaper to sync than a file that grows: with 64 MiB the job manager was a tenth slower.
 */
const CHECKPOINT_PAGES = 2_000
/** Enough for the hot ends of all indexes at a million jobs. */
const CACHE_KIB = 65_536

/** The primary result codes of SQLite that decide what a caller is told (https://sqlite.org/rescode.html). */
const RESULT = { BUSY: 5, LOCKED: 6, NOMEM: 7, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 }

/** SQLite's primary result code of anything that was thrown, if it has one. */
export function resultCodeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined
}

/** Whether the disk or the file is at fault, not the one statement that met it: every write of the group fails alike. */
export function isDiskFault(thrown: unknown): boolean {
  const code = resultCodeOf(thrown)
  return code !== undefined && Object.values(RESULT).includes(code)
}

/** What a caller is told of a failed statement: no SQL, the original as the cause. Other errors pass as they are. */
export function engineError(thrown: unknown): unknown {
  const code = resultCodeOf(thrown)
  if (code === undefined) return thrown
  if (code === RESULT.FULL) {
    return new LongshoreError(
      'STORAGE_FULL',
      'The disk under DATA_DIR is full; nothing was changed. Free some space and try again.',
      { cause: thrown },
    )
  }
  if (isDiskFault(thrown)) {
    return new LongshoreError('ENGINE_UNAVAILABLE', `The job database could not be written or read (SQLite ${code}).`, {
      cause: thrown,
    })
  }
  return new LongshoreError('INTERNAL', `The job database refused what it was to keep (SQLite ${code}).`, {
    cause: thrown,
    retryable: false,
  })
}

/** What a caller is told who comes before the start or after the stop. */
export function notRunning(): LongshoreError {
  return new LongshoreError('ENGINE_UNAVAILABLE', 'The job engine is not running.')
}

/** What a person is told when the file cannot be opened. */
export function openError(path: string, thrown: unknown): unknown {
  const code = resultCodeOf(thrown)
  if (code === undefined) return thrown
  const cause = { cause: thrown }
  if (code === RESULT.BUSY || code === RESULT.LOCKED) {
    return new LongshoreError('DATA_DIR_LOCKED', `${path} is in use by another process.`, cause)
  }
  if (code === RESULT.NOTADB || code === RESULT.CORRUPT) {
    return new LongshoreError(
      'DATA_DIR_UNUSABLE',
      `${path} is damaged or not a database. Restore it from a backup, or move it (and its -wal file) away to start empty.`,
      cause,
    )
  }
  if (code === RESULT.FULL) return engineError(thrown)
  return new LongshoreError('DATA_DIR_UNUSABLE', `${path} cannot be opened: ${messageOf(thrown)}.`, cause)
}
