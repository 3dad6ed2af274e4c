import type { DatabaseSync } from 'node:sqlite'
import type { Size } from '../admission.ts'
import { text } from '../record/columns.ts'
import { readResources } from '../record/resources-column.ts'
import { Query } from './database.ts'
import { READY_BY_SIZE } from './job-indexes.ts'

/** Of more sizes than these, a claim looks at so many, and the next one at the others: each costs a few seeks. */
const MOST_SIZES = 200

const UNSIZED: Size = { key: '', needs: null }

/** The sizes of the jobs that are ready. */
export class ReadySizes {
  readonly #next: Query
  #after = ''

  constructor(db: DatabaseSync) {
    this.#next = new Query(db, `SELECT resources FROM ${READY_BY_SIZE} AND resources > ? ORDER BY resources LIMIT 1`)
  }

  /** All of them; where there are more than 200, so many, others with every call. */
  read(): Size[] {
    const sizes = [UNSIZED]
    const start = this.#after
    this.#after = ''
    this.#collect(sizes, start, undefined)
    if (start !== '') this.#collect(sizes, '', start)
    return sizes
  }

  #collect(sizes: Size[], after: string, until: string | undefined): void {
    for (let key = this.#first(after); key !== undefined; key = this.#first(key)) {
      if (until !== undefined && key > until) return
      if (sizes.length > MOST_SIZES) {
        this.#after = sizes.at(-1)?.key ?? ''
        return
      }
      sizes.push({ key, needs: readResources(key) })
    }
  }

  #first(after: string): string | undefined {
    const row = this.#next.get(after)
    return row && text(row, 0)
  }
}
