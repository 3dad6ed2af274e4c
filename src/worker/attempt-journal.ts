import type { Clock, Timer } from '../base/clock.ts'
import type { AttemptChanges } from '../engine/job-engine.ts'
import type { JobFile, JsonValue, LogLine, Progress } from '../job/job.ts'

/** Progress is written at most this often: four times a second is as fast as a person reads. */
const SAVE_EVERY_MS = 250
/** A ledger of 100,000 files is written in pieces of this many rows, so that no single write holds others up. */
const MAX_ROWS = 1000

/** What a journal writes to. */
export interface JournalParts {
  clock: Clock
  /** Writes changes; false when the lease is stale. */
  save(changes: AttemptChanges): Promise<boolean>
  /** The lease turned out to be stale. */
  onStale(): void
  /** A save failed; its changes are kept and tried again with the next. */
  onError(thrown: unknown): void
}

/** Collects what an attempt learns and writes it in order, seldom, the last word always. */
export class AttemptJournal {
  readonly #parts: JournalParts
  #pending: Pending = emptyPending()
  #timer: Timer | undefined
  #saving: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: JournalParts) {
    this.#parts = parts
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
    if (this.#pending.files.size >= MAX_ROWS) this.#flushSoon()
    else this.#arm()
  }

  log(line: LogLine): void {
    this.#pending.logs.push(line)
    if (this.#pending.logs.length >= MAX_ROWS) this.#flushSoon()
    else this.#arm()
  }

  /** Writes a checkpoint, and what came before it, now. Throws when the lease is stale. */
  async checkpoint(document: JsonValue): Promise<void> {
    this.#pending.checkpoint = { document }
    await this.#flush()
    if (this.#pending.checkpoint !== undefined) throw new Error('The checkpoint could not be saved; see the log.')
  }

  /** Waits for writes under way, writes no more, and answers what is left for the settlement. */
  async close(): Promise<AttemptChanges> {
    this.#closed = true
    this.#timer?.cancel()
    while (this.#pending.files.size > MAX_ROWS) await this.#flush()
    await this.#saving
    return toChanges(this.#pending)
  }

  #arm(): void {
    if (this.#closed || this.#timer !== undefined) return
    this.#timer = this.#parts.clock.setTimer(SAVE_EVERY_MS, () => this.#flushSoon())
  }

  #flushSoon(): void {
    void this.#flush()
  }

  #flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#saving = this.#saving.then(() => this.#saveOnce())
    return this.#saving
  }

  async #saveOnce(): Promise<void> {
    const taken = this.#pending
    if (isEmpty(taken)) return
    this.#pending = emptyPending()
    try {
      const current = await this.#parts.save(toChanges(taken))
      if (!current) this.#parts.onStale()
    } catch (failure) {
      this.#pending = merge(taken, this.#pending)
      this.#parts.onError(failure)
      this.#arm()
    }
  }
}

interface Pending {
  progress?: Progress
  filesTotal?: number
  files: Map<number, JobFile>
  logs: LogLine[]
  checkpoint?: { document: JsonValue }
}

function emptyPending(): Pending {
  return { files: new Map(), logs: [] }
}

function isEmpty(pending: Pending): boolean {
  const { progress, filesTotal, checkpoint, files, logs } = pending
  return !progress && filesTotal === undefined && !checkpoint && files.size === 0 && logs.length === 0
}

function merge(older: Pending, newer: Pending): Pending {
  return {
    ...older,
    ...newer,
    files: new Map([...older.files, ...newer.files]),
    logs: [...older.logs, ...newer.logs],
  }
}

function toChanges({ progress, filesTotal, files, logs, checkpoint }: Pending): AttemptChanges {
  return {
    ...(progress && { progress }),
    ...(filesTotal !== undefined && { filesTotal }),
    ...(files.size > 0 && { files: [...files.values()] }),
    ...(logs.length > 0 && { logs }),
    ...(checkpoint && { checkpoint: checkpoint.document }),
  }
}
