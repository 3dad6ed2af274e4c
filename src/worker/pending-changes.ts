import type { AttemptChanges } from '../engine/job-engine.ts'
import type { JobFile, JsonValue, LogLine, Progress } from '../job/job.ts'
import { plainProgress } from '../processor/plain-progress.ts'

/** A ledger of 100,000 files is written in pieces of this many rows, so that no single write holds others up. */
export const MAX_ROWS = 1000

/** A part of what waited, taken to be written. */
export interface TakenChanges {
  changes: AttemptChanges
  /** Settled when the checkpoint among them is written, or is not. */
  written: PromiseWithResolvers<void> | undefined
}

/** What an attempt learnt and has not written yet; the newest word on each thing. */
export class PendingChanges {
  readonly files = new Map<number, JobFile>()
  progress: Progress | undefined
  filesTotal: number | undefined
  readonly #maxLogLines: number
  #logs: LogLine[] = []
  #checkpoint: { document: JsonValue; written: PromiseWithResolvers<void> } | undefined

  constructor(maxLogLines: number) {
    this.#maxLogLines = maxLogLines
  }

  get isEmpty(): boolean {
    const { progress, filesTotal, files } = this
    const hasNews = progress !== undefined || filesTotal !== undefined || this.hasCheckpoint
    return !hasNews && files.size === 0 && this.#logs.length === 0
  }

  /** Whether a whole piece waits. */
  get isFull(): boolean {
    return this.files.size >= MAX_ROWS || this.#logs.length >= MAX_ROWS
  }

  get hasCheckpoint(): boolean {
    return this.#checkpoint !== undefined
  }

  /** Lines that the engine would drop for newer ones are dropped here; not one by one, as moving the rest has its cost. */
  log(line: LogLine): void {
    if (this.#maxLogLines === 0) return
    this.#logs.push(line)
    if (this.#logs.length >= 2 * this.#maxLogLines) this.#logs = this.#logs.slice(-this.#maxLogLines)
  }

  /** Resolves when this checkpoint, or one that came after it, is written. */
  setCheckpoint(document: JsonValue): Promise<void> {
    const written = this.#checkpoint?.written ?? Promise.withResolvers<void>()
    this.#checkpoint = { document, written }
    return written.promise
  }

  /** At most a piece of the rows, and with the last piece the rest. A checkpoint never comes before what preceded it. */
  take(): TakenChanges {
    const files = [...this.files.values().take(MAX_ROWS)]
    for (const { index } of files) this.files.delete(index)
    const logs = this.#logs.splice(0, MAX_ROWS)
    const isLast = this.files.size === 0
    const checkpoint = isLast ? this.#checkpoint : undefined
    const changes = changesOf(this, files, logs, checkpoint)
    this.progress = undefined
    this.filesTotal = undefined
    if (isLast) this.#checkpoint = undefined
    return { changes, written: checkpoint?.written }
  }

  /** Everything that waits. */
  takeAll(): AttemptChanges {
    const changes = changesOf(this, [...this.files.values()], this.#logs, this.#checkpoint)
    this.#checkpoint?.written.resolve()
    this.files.clear()
    this.#logs = []
    this.#checkpoint = undefined
    return changes
  }

  /** What could not be written waits again, below what came meanwhile. */
  putBack({ changes }: TakenChanges): void {
    this.progress ??= changes.progress
    this.filesTotal ??= changes.filesTotal
    const newer = [...this.files]
    this.files.clear()
    for (const row of changes.files ?? []) this.files.set(row.index, row)
    for (const [index, row] of newer) this.files.set(index, row)
    const logs = [...(changes.logs ?? []), ...this.#logs]
    this.#logs = logs.slice(-this.#maxLogLines)
    if (changes.checkpoint !== undefined && this.#checkpoint === undefined) this.#retryCheckpoint(changes.checkpoint)
  }

  /** Its saver is told that it failed; it is written all the same when it can be. */
  #retryCheckpoint(document: JsonValue): void {
    this.setCheckpoint(document).catch(() => {})
  }
}

function changesOf(
  { progress, filesTotal }: PendingChanges,
  files: readonly JobFile[],
  logs: readonly LogLine[],
  checkpoint: { document: JsonValue } | undefined,
): AttemptChanges {
  return {
    ...(progress && { progress: plainProgress(progress) }),
    ...(filesTotal !== undefined && { filesTotal }),
    ...(files.length > 0 && { files }),
    ...(logs.length > 0 && { logs }),
    ...(checkpoint && { checkpoint: checkpoint.document }),
  }
}
