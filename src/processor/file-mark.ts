import type { FileState } from '../job/job.ts'

const MARKS: ReadonlySet<FileState> = new Set(['done', 'failed', 'skipped'])

/** Throws a `RangeError` when a file cannot be marked so. */
export function checkFileMark(isInput: boolean, index: number, state: FileState): void {
  if (!isInput) throw new RangeError(`There is no input file with index ${index} in this attempt.`)
  if (!MARKS.has(state)) throw new RangeError(`Expected a file to be marked done, failed or skipped, got ${state}.`)
}
