import type { DownloadedFile, JobClient } from '@longshore/client/node'
import type { Session } from '../session.ts'
import { TransferBoard } from '../transfer-board.ts'

/** A file that is in its place, as `--json` tells it. */
interface Downloaded {
  readonly uri: string
  readonly path: string
  readonly size_bytes: number
  readonly sha256: string
  /** It was there already, so nothing was fetched. */
  readonly skipped: boolean
}

/** Downloads all outputs of a completed job into a folder, with a bar. */
export async function downloadAll(
  session: Session,
  client: JobClient,
  jobId: string,
  folder: string,
  overwrite: boolean,
): Promise<Downloaded[]> {
  const { signal, out } = session
  const outputs = await client.outputs(jobId, { signal })
  if (outputs.length === 0) {
    out.tell('The job left no outputs.')
    return []
  }
  using board = new TransferBoard(session, 'Downloading')
  const files = await client
    .downloadFiles(outputs, folder, {
      overwrite,
      signal,
      onProgress: ({ receivedBytes, totalBytes, receivedFiles, totalFiles }) =>
        board.put({ doneBytes: receivedBytes, totalBytes, doneFiles: receivedFiles, totalFiles }),
    })
    .catch((failure) => {
      board.clear()
      throw failure
    })
  return files.map(toWire)
}

function toWire({ uri, path, sizeBytes, sha256, skipped }: DownloadedFile): Downloaded {
  return { uri, path, size_bytes: sizeBytes, sha256, skipped }
}
