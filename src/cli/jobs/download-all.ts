import type { JobOutput } from '@longshore/client'
import type { DownloadedFile, DownloadOptions, JobClient } from '@longshore/client/node'
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
  const files = await fetchAll(session, client, outputs, { folder, overwrite })
  tellSkipped(session, files)
  return files.map(toWire)
}

async function fetchAll(
  session: Session,
  client: JobClient,
  outputs: readonly JobOutput[],
  { folder, overwrite }: { folder: string; overwrite: boolean },
): Promise<DownloadedFile[]> {
  const { signal } = session
  using board = new TransferBoard(session, 'Downloading')
  const options: DownloadOptions = {
    overwrite,
    signal,
    onProgress: ({ receivedBytes, totalBytes, receivedFiles, totalFiles }) =>
      board.put({ doneBytes: receivedBytes, totalBytes, doneFiles: receivedFiles, totalFiles }),
  }
  try {
    return await client.downloadFiles(outputs, folder, options)
  } catch (failure) {
    board.clear()
    throw failure
  }
}

function tellSkipped({ out }: Session, files: readonly DownloadedFile[]): void {
  const count = files.filter(({ skipped }) => skipped).length
  if (count > 0) out.tell(`Not fetched again, because they were there already: ${count} of ${files.length}`)
}

function toWire({ uri, path, sizeBytes, sha256, skipped }: DownloadedFile): Downloaded {
  return { uri, path, size_bytes: sizeBytes, sha256, skipped }
}
