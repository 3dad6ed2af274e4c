import type { DatabaseSync } from 'node:sqlite'
import { LongshoreError } from '../../base/errors.ts'
import { engineError, isDiskFault, notRunning, Query } from './database.ts'

/** What takes part in every round beside the writes that were asked for. */
export interface RoundParticipant {
  /** Whether `fill` has something to do in a round without writes. */
  wantsFill(): boolean
  /** Called in the transaction, after the writes. */
  fill(): void
  /** Called in the transaction, last. */
  closing(): void
  /** The round is on disk. */
  committed(): void
  /** The round left no trace. */
  rolledBack(): void
  /** A round without writes failed. */
  fillFailed(thrown: unknown): void
}

/** What waits for its round. */
export interface RoundWrite {
  /** Runs the statements; the answer is held back. May be run twice, so it changes nothing that a rollback does not drop, but whose turn it is. */
  apply(): void
  /** What it has written is on disk. */
  settle(): void
  /** It has written nothing. */
  reject(thrown: unknown): void
  /** Takes it apart, once it has failed together with others: each part is tried for itself. */
  split(): readonly RoundWrite[]
}

/** A write of one caller; one object instead of four closures, as there are tens of thousands a second. */
export class Write<Answer> implements RoundWrite {
  readonly #change: () => Answer | LongshoreError
  readonly #resolve: (answer: Answer) => void
  readonly reject: (thrown: unknown) => void
  #answer: Answer | LongshoreError | undefined

  constructor(
    change: () => Answer | LongshoreError,
    resolve: (answer: Answer) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#change = change
    this.#resolve = resolve
    this.reject = reject
  }

  split(): readonly RoundWrite[] {
    return [this]
  }

  apply(): void {
    this.#answer = this.#change()
  }

  settle(): void {
    if (this.#answer instanceof LongshoreError) this.reject(this.#answer)
    else this.#resolve(this.#answer as Answer)
  }
}

/** While turn after turn of the event loop brings more to write, a round waits for it no longer than this, in ms. */
const LONGEST_GATHERING_MS = 2

/**
 * All writes asked for in one turn of the event loop, and in those after it while each brings more, share one transaction
 * and so one fsync: 64 inserts cost about 10 µs each instead of 300. A write that comes alone waits for no other. A write
 * that throws fails alone: the group is rolled back and its writes run one by one. When the disk is at fault, all fail and
 * nothing has changed.
 */
export class GroupCommit {
  readonly #db: DatabaseSync
  readonly #participant: RoundParticipant
  readonly #steadyNow: () => number
  readonly #begin: Query
  readonly #commit: Query
  #waiting: RoundWrite[] = []
  #last: RoundWrite[] = []
  #scheduled = false
  /** Whether more came since the round was scheduled, or since it was last put off. */
  #broughtMore = false
  #closed = false

  /** @param steadyNow ms from whatever instant, never set back */
  constructor(db: DatabaseSync, participant: RoundParticipant, steadyNow = () => performance.now()) {
    this.#db = db
    this.#participant = participant
    this.#steadyNow = steadyNow
    this.#begin = new Query(db, 'BEGIN IMMEDIATE')
    this.#commit = new Query(db, 'COMMIT')
  }

  /**
   * Resolves with what `apply` answers, once it is on disk. An error that it answers refuses this write alone, and what it
   * wrote by then stays: to undo that, it throws.
   */
  write<Answer>(apply: () => Answer | LongshoreError): Promise<Answer> {
    return new Promise((resolve, reject) => this.add(new Write(apply, resolve, reject)))
  }

  /** Takes a write into the next round. */
  add(write: RoundWrite): void {
    this.#addTo(this.#waiting, write)
  }

  /** Takes a write into the next round, behind those of {@link add}. */
  addLast(write: RoundWrite): void {
    this.#addTo(this.#last, write)
  }

  /** Asks for a round, at the end of the first turn of the event loop that brings no more to write. */
  request(): void {
    if (this.#closed) return
    if (this.#scheduled) {
      this.#broughtMore = true
      return
    }
    this.#scheduled = true
    const until = this.#steadyNow() + LONGEST_GATHERING_MS
    setImmediate(() => this.#gather(until))
  }

  #gather(until: number): void {
    if (!this.#broughtMore || this.#steadyNow() >= until) {
      this.flush()
      return
    }
    this.#broughtMore = false
    setImmediate(() => this.#gather(until))
  }

  /** Runs a round now. */
  flush(): void {
    this.#scheduled = false
    this.#broughtMore = false
    if (this.#closed) return
    const writes = [...this.#waiting, ...this.#last]
    this.#waiting = []
    this.#last = []
    if (writes.length > 0) this.#together(writes)
    else if (this.#participant.wantsFill()) this.#fillOnly()
  }

  /** Flushes what was asked for; afterwards no round runs. */
  close(): void {
    this.flush()
    this.#closed = true
  }

  #addTo(writes: RoundWrite[], write: RoundWrite): void {
    if (this.#closed) {
      write.reject(notRunning())
      return
    }
    writes.push(write)
    this.request()
  }

  #together(writes: readonly RoundWrite[]): void {
    const thrown = this.#transact(writes, true)
    if (thrown === undefined) return
    if (isDiskFault(thrown.error)) {
      for (const write of writes) write.reject(engineError(thrown.error))
      if (this.#participant.wantsFill()) this.#participant.fillFailed(engineError(thrown.error))
      return
    }
    for (const write of writes) for (const part of write.split()) this.#alone(part)
    this.request()
  }

  #alone(write: RoundWrite): void {
    const thrown = this.#transact([write], false)
    if (thrown) write.reject(engineError(thrown.error))
  }

  #fillOnly(): void {
    const thrown = this.#transact([], true)
    if (thrown) this.#participant.fillFailed(engineError(thrown.error))
  }

  /** One transaction; answers what went wrong, after it was undone. */
  #transact(writes: readonly RoundWrite[], filling: boolean): { error: unknown } | undefined {
    try {
      this.#begin.run()
      for (const write of writes) write.apply()
      if (filling) this.#participant.fill()
      this.#participant.closing()
      this.#commit.run()
    } catch (error) {
      this.#rollBack()
      return { error }
    }
    this.#participant.committed()
    for (const write of writes) write.settle()
    return undefined
  }

  #rollBack(): void {
    try {
      // SQLite has already rolled back by itself after some disk errors.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    } finally {
      this.#participant.rolledBack()
    }
  }
}
