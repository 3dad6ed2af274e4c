import type { DatabaseSync } from 'node:sqlite'
import type { LogLine } from '../../job/job.ts'
import { integer } from '../record/columns.ts'
import { readLogLine } from '../record/log-row.ts'
import { Query } from './database.ts'

/** The newest log lines of each job. */
export class LogTable {
  readonly #maxLines: number
  readonly #last: Query
  readonly #append: Query
  readonly #trim: Query
  readonly #tail: Query
  readonly #delete: Query

  constructor(db: DatabaseSync, maxLines: number) {
    this.#maxLines = maxLines
    this.#last = new Query(db, 'SELECT coalesce(max(line), 0) FROM logs WHERE job = ?')
    this.#append = new Query(
      db,
      'INSERT INTO logs (job, line, attempt, at, level, message, fields) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#trim = new Query(db, 'DELETE FROM logs WHERE job = ? AND line <= ?')
    this.#tail = new Query(
      db,
      'SELECT attempt, at, level, message, fields FROM logs WHERE job = ? ORDER BY line DESC LIMIT ?',
    )
    this.#delete = new Query(db, 'DELETE FROM logs WHERE job = ?')
  }

  /** Appends lines and drops the oldest beyond the bound. */
  append(num: number, lines: readonly LogLine[]): void {
    const first = integer(this.#last.get(num), 0) + 1
    const total = first + lines.length - 1
    const kept = total - this.#maxLines
    for (const [index, { attempt, at, level, message, fields }] of lines.entries()) {
      if (first + index <= kept) continue
      this.#append.run(num, first + index, attempt, at, level, message, fields ? JSON.stringify(fields) : null)
    }
    this.#trim.run(num, kept)
  }

  /** The newest lines, oldest first. */
  tail(num: number, count: number): LogLine[] {
    return this.#tail.all(num, count).map(readLogLine).reverse()
  }

  delete(num: number): void {
    this.#delete.run(num)
  }
}
