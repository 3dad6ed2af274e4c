import type { FileState, JobFile } from '../../job/job.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from './columns.ts'

/** Every state, in the order a file goes through them. */
export const FILE_STATES: readonly FileState[] = ['pending', 'downloaded', 'done', 'failed', 'skipped']

/** One row of a ledger: index, uri, state, size, etag, sha256, error. */
export function readFile(row: Row): JobFile {
  return {
    index: integer(row, 0),
    uri: text(row, 1),
    state: fileState(text(row, 2)),
    sizeBytes: integerOrNull(row, 3),
    etag: textOrNull(row, 4),
    sha256: textOrNull(row, 5),
    error: textOrNull(row, 6),
  }
}

function fileState(stored: string): FileState {
  const state = FILE_STATES.find((known) => known === stored)
  if (state === undefined) throw new TypeError(`there is no file state ${stored}`)
  return state
}
