import type { DatabaseSync } from 'node:sqlite'
import { MINUTES_KEPT_MS, TALLIES_KEPT_MS, TALLY_KINDS, type Tally, type TallyQuery } from '../activity.ts'
import { integer, type Row, text } from '../record/columns.ts'
import type { Counted } from '../record/tallied.ts'
import { Query } from './database.ts'

/** How many jobs came to what. A round's counts are summed up in memory and written once, before it commits. */
export class TallyTable {
  readonly #add: Query
  readonly #sum: Query
  readonly #sumOfTenant: Query
  readonly #fold: Query
  readonly #dropMinutes: Query
  readonly #dropOld: Query
  #round = new Map<string, Counted & { jobs: number }>()

  constructor(db: DatabaseSync) {
    const added = 'ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs'
    const sum = (which: string): string =>
      `SELECT at - at % ?, kind, step, sum(jobs) FROM tallies WHERE at >= ?${which} GROUP BY 1, 2, 3`
    this.#add = new Query(db, `INSERT INTO tallies (at, tenant, kind, step, jobs) VALUES (?, ?, ?, ?, ?) ${added}`)
    this.#sum = new Query(db, sum(''))
    this.#sumOfTenant = new Query(db, sum(' AND tenant = ?'))
    this.#fold = new Query(
      db,
      `INSERT INTO tallies (at, tenant, kind, step, jobs) SELECT at - at % 3600000, tenant, kind, step, sum(jobs)
        FROM tallies WHERE at < ? AND at % 3600000 <> 0 GROUP BY 1, 2, 3, 4 ${added}`,
    )
    this.#dropMinutes = new Query(db, 'DELETE FROM tallies WHERE at < ? AND at % 3600000 <> 0')
    this.#dropOld = new Query(db, 'DELETE FROM tallies WHERE at < ?')
  }

  /** Counts in this round. */
  note(counted: readonly Counted[]): void {
    for (const each of counted) {
      const key = `${each.at} ${each.kind} ${each.step} ${each.tenant}`
      const known = this.#round.get(key)
      if (known) known.jobs += 1
      else this.#round.set(key, { ...each, jobs: 1 })
    }
  }

  /** Writes what the round counted. */
  write(): void {
    for (const { at, tenant, kind, step, jobs } of this.#round.values()) this.#add.run(at, tenant, kind, step, jobs)
  }

  /** The round has ended, well or not. */
  endRound(): void {
    if (this.#round.size > 0) this.#round = new Map()
  }

  sums({ from, sliceMs, tenant }: TallyQuery): Tally[] {
    const rows = tenant === undefined ? this.#sum.all(sliceMs, from) : this.#sumOfTenant.all(sliceMs, from, tenant)
    return rows.map(readTally)
  }

  fold(now: number): void {
    const hours = now - MINUTES_KEPT_MS
    this.#fold.run(hours - (hours % 3_600_000))
    this.#dropMinutes.run(hours - (hours % 3_600_000))
    this.#dropOld.run(now - TALLIES_KEPT_MS)
  }
}

function readTally(row: Row): Tally {
  const stored = text(row, 1)
  const kind = TALLY_KINDS.find((known) => known === stored)
  if (kind === undefined) throw new TypeError(`there is no kind of tally ${stored}`)
  return { at: integer(row, 0), kind, step: integer(row, 2), jobs: integer(row, 3) }
}
