import type { Clock, Timer } from '../base/clock.ts'
import { LongshoreError, messageOf } from '../base/errors.ts'
import type { AttemptChanges } from '../engine/job-engine.ts'
import type { JobFile, JsonValue, LogLine, Progress } from '../job/job.ts'
import { MAX_ROWS, PendingChanges } from './pending-changes.ts'

/** Progress is written at most this often: four times a second is as fast as a person reads. */
const SAVE_EVERY_MS = 250
/** After a failed write, e.g. on a full disk, the next is tried after this. */
const RETRY_AFTER_MS = 1_000

/** What a journal writes to. */
export interface JournalParts {
  clock: Clock
  /** Log lines kept with a job: so many wait here at most, the newest. */
  maxLogLines: number
  /** Writes changes; false when the lease is stale. */
  save(changes: AttemptChanges): Promise<boolean>
  /** The lease turned out to be stale. */
  onStale(): void
  /** A save failed; its changes are kept and tried again with the next. */
  onError(thrown: unknown): void
}

/**
 * Collects what an attempt learns and writes it in order, seldom, the last word always. However much a processor says,
 * one write at a time is under way, of at most {@link MAX_ROWS} rows, and what waits is bounded.
 */
export class AttemptJournal {
  readonly #parts: JournalParts
  readonly #pending: PendingChanges
  #timer: Timer | undefined
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(parts: JournalParts) {
    this.#parts = parts
    this.#pending = new PendingChanges(parts.maxLogLines)
  }

  progress(progress: Progress): void {
    this.#pending.progress = progress
    this.#arm()
  }

  filesTotal(total: number): void {
    this.#pending.filesTotal = total
    this.#arm()
  }

  /** Notes the newest word on one file. */
  file(row: JobFile): void {
    this.#pending.files.set(row.index, row)
    this.#arm()
  }

  log(line: LogLine): void {
    if (this.#closed) return
    this.#pending.log(line)
    this.#arm()
  }

  /** Writes a checkpoint, and what came before it, now. Throws when it could not be written, and when the lease is stale. */
  async checkpoint(document: JsonValue): Promise<void> {
    if (this.#closed) throw staleLease()
    const written = this.#pending.setCheckpoint(document)
    this.#flush()
    await written
  }

  /** Waits for writes under way, writes no more, and answers what is left for the settlement. */
  async close(): Promise<AttemptChanges> {
    this.#closed = true
    this.#disarm()
    await this.#flushing
    while (this.#pending.isFull && (await this.#saveOnce())) {}
    return this.#pending.takeAll()
  }

  /** Writes soon what waits; at once when that is much. */
  #arm(): void {
    if (this.#closed || this.#flushing) return
    if (this.#pending.isFull) this.#flush()
    else this.#timer ??= this.#parts.clock.setTimer(SAVE_EVERY_MS, () => this.#flush())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #flush(): void {
    this.#disarm()
    this.#flushing ??= this.#saveWhileFull().then((succeeded) => {
      this.#flushing = undefined
      if (this.#closed || this.#pending.isEmpty) return
      this.#timer ??= this.#parts.clock.setTimer(succeeded ? SAVE_EVERY_MS : RETRY_AFTER_MS, () => this.#flush())
    })
  }

  /** Answers whether every write succeeded. */
  async #saveWhileFull(): Promise<boolean> {
    while (!this.#pending.isEmpty) {
      if (!(await this.#saveOnce())) return false
      if (!this.#pending.isFull && !this.#pending.hasCheckpoint) return true
    }
    return true
  }

  async #saveOnce(): Promise<boolean> {
    const taken = this.#pending.take()
    try {
      if (await this.#parts.save(taken.changes)) taken.written?.resolve()
      else this.#becomeStale(taken.written)
      return true
    } catch (failure) {
      this.#pending.putBack(taken)
      taken.written?.reject(new Error(`The checkpoint could not be saved: ${messageOf(failure)}`, { cause: failure }))
      this.#parts.onError(failure)
      return false
    }
  }

  #becomeStale(written: PromiseWithResolvers<void> | undefined): void {
    this.#closed = true
    written?.reject(staleLease())
    this.#parts.onStale()
  }
}

function staleLease(): LongshoreError {
  return new LongshoreError('LEASE_LOST', 'The checkpoint was not saved: the attempt is over.')
}
