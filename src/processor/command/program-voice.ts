import type { Socket } from 'node:net'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import { toProgress } from '../current-job.ts'
import type { Execution } from '../executor.ts'
import { LineReader } from '../line-reader.ts'
import { SnoozeError, UnrecoverableError } from '../verdicts.ts'
import { type ProgramLine, readProgramLine } from './program-lines.ts'
import type { ProgramOutput } from './program-output.ts'
import { readPieces } from './read-pieces.ts'

/** A line may hold a result: 16 MiB, and a little around it. In characters. */
const MAX_LINE_LENGTH = 17 * 1024 * 1024
const MAX_CHECKPOINT_LENGTH = 1024 * 1024

/** What a program says on file descriptor 3. */
export class ProgramVoice {
  /** The last result it said. */
  result: { json: JsonValue } | undefined
  /** What it said of its own end: it failed, or is to run later. That counts more than its exit code. */
  verdict: Error | undefined
  readonly #execution: Execution
  readonly #output: ProgramOutput
  readonly #fail: (failure: Error) => void
  #saving: Promise<unknown> = Promise.resolve()

  /** @param fail hears of a line that is not understood, or cannot be obeyed */
  constructor(execution: Execution, output: ProgramOutput, fail: (failure: Error) => void) {
    this.#execution = execution
    this.#output = output
    this.#fail = fail
  }

  /** Hears the program to its end; resolves when the last checkpoint is saved, too. */
  async listen(channel: Socket): Promise<void> {
    const lines = new LineReader(MAX_LINE_LENGTH, (text, isCut) => {
      try {
        this.#hear(text, isCut)
      } catch (failure) {
        this.#fail(failure instanceof Error ? failure : new Error(messageOf(failure)))
      }
    })
    await readPieces(channel, (piece) => {
      lines.push(piece)
      if (lines.isCut) this.#fail(tooLong())
    })
    lines.end()
    await this.#saving
  }

  #hear(text: string, isCut: boolean): void {
    if (isCut) throw tooLong()
    if (text.trim() === '') return
    const line = readProgramLine(text)
    const { progress, log, checkpoint, file, result } = line
    if (progress) this.#execution.onProgress(toProgress(progress))
    if (log !== undefined) this.#output.log(line.level, log, line.fields)
    if (checkpoint !== undefined) this.#save(checkpoint, text.length)
    if (file) this.#execution.markFile(file.index, file.state, file.error)
    if (result !== undefined) this.result = { json: result }
    this.#hearVerdict(line)
  }

  #hearVerdict({ fail, snooze_seconds: seconds }: ProgramLine): void {
    if (seconds !== undefined) this.verdict ??= new SnoozeError(seconds * 1000)
    if (fail === undefined) return
    this.verdict ??= fail.retryable
      ? new LongshoreError('COMMAND_FAILED', fail.message)
      : new UnrecoverableError(fail.message)
  }

  /**
   * The journal keeps their order, and of those that come faster than it writes the last. A failure is its to try again;
   * the program cannot be told of it.
   */
  #save(document: JsonValue, length: number): void {
    if (length > MAX_CHECKPOINT_LENGTH) throw new RangeError('Expected a checkpoint of at most 1 MiB of JSON.')
    const saved = this.#execution
      .saveCheckpoint(document)
      .catch((failure: unknown) => this.#execution.log.warn(`A checkpoint was not saved: ${messageOf(failure)}`))
    this.#saving = Promise.all([this.#saving, saved])
  }
}

function tooLong(): LongshoreError {
  return new LongshoreError('COMMAND_FAILED', 'The program said a line of more than 17 MiB.')
}
