import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { integer, text } from '../record/columns.ts'
import { Query } from './database.ts'
import { READY, READY_BY_SIZE } from './job-indexes.ts'

/** Where a job stands among those of one priority: due since, then the order of submits. */
export interface ReadyPlace {
  num: number
  runAt: number
}

/** The ready jobs of one size, in order; every question is one seek in their index. */
export class ReadyLine {
  readonly #statements: Statements
  readonly #size: readonly SQLInputValue[]

  private constructor(statements: Statements, size: readonly SQLInputValue[]) {
    this.#statements = statements
    this.#size = size
  }

  /** Answers how to get the line of a size, as its column has it. */
  static lines(db: DatabaseSync): (size: string) => ReadyLine {
    const unsized = new ReadyLine(prepare(db, `FROM ${READY}`), [])
    const sized = prepare(db, `FROM ${READY_BY_SIZE} AND resources = ?`)
    return (size) => (size === '' ? unsized : new ReadyLine(sized, [size]))
  }

  /** The highest priority below another; undefined when there is none. */
  highest(below = Number.POSITIVE_INFINITY): number | undefined {
    const row = this.#statements.highest.get(...this.#size, below)
    return row && integer(row, 0)
  }

  /** The first group at or after a name. */
  groupFrom(priority: number, group: string): string | undefined {
    const row = this.#statements.groupFrom.get(...this.#size, priority, group)
    return row && text(row, 0)
  }

  /** The first group after a name. */
  groupAfter(priority: number, group: string): string | undefined {
    const row = this.#statements.groupAfter.get(...this.#size, priority, group)
    return row && text(row, 0)
  }

  /** The oldest jobs of a group. */
  oldest(priority: number, group: string, count: number): ReadyPlace[] {
    const rows = this.#statements.oldest.all(...this.#size, priority, group, count)
    return rows.map((row) => ({ num: integer(row, 0), runAt: integer(row, 1) }))
  }
}

interface Statements {
  highest: Query
  groupFrom: Query
  groupAfter: Query
  oldest: Query
}

function prepare(db: DatabaseSync, from: string): Statements {
  return {
    highest: new Query(db, `SELECT priority ${from} AND priority < ? ORDER BY priority DESC LIMIT 1`),
    groupFrom: new Query(db, `SELECT grp ${from} AND priority = ? AND grp >= ? ORDER BY grp LIMIT 1`),
    groupAfter: new Query(db, `SELECT grp ${from} AND priority = ? AND grp > ? ORDER BY grp LIMIT 1`),
    oldest: new Query(db, `SELECT num, run_at ${from} AND priority = ? AND grp = ? ORDER BY run_at, num LIMIT ?`),
  }
}
