import type { Job, JobFile } from '@longshore/client'
import { useState } from 'preact/hooks'
import { bytes, count, plural } from '../../format.ts'
import { Fault } from '../../parts/empty.tsx'
import { useLoad } from '../../state/load.ts'
import { client } from '../../state/session.ts'

/** Rows that are read at first, and with each further press. */
const SHOWN = 100

/** What became of each input file. */
export function Files({ job }: { job: Job }) {
  const { total, done, failed } = job.files
  const [limit, setLimit] = useState(SHOWN)
  const files = useLoad(
    (signal) => some(job.job_id, limit, signal),
    `${job.job_id} ${done} ${failed} ${total} ${limit}`,
  )
  if (total === 0) return null
  return (
    <section class="card" aria-labelledby="files">
      <h2 id="files">
        Files{' '}
        <span class="muted">
          {count(done)} of {count(total)} done
        </span>
      </h2>
      {files.error && <Fault error={files.error} retry={files.reload} />}
      <div class="scroll" role="group" aria-label="Rows of files" tabIndex={0}>
        <table class="files">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Status</th>
              <th scope="col" class="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {files.value?.map((file) => (
              <tr key={file.index}>
                <td class="path" title={`${file.uri}${file.sha256 ? `\nsha256 ${file.sha256}` : ''}`}>
                  <span class="clip">{file.uri.slice(file.uri.lastIndexOf('/') + 1)}</span>
                  {file.error && <div class="refusal">{file.error}</div>}
                </td>
                <td class={file.status === 'failed' ? 'refusal' : 'muted'}>{file.status}</td>
                <td class="number">{file.size_bytes === null ? '' : bytes(file.size_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {total > limit && (
        <button type="button" onClick={() => setLimit(limit * 5)}>
          Show more of {plural(total, 'file')}
        </button>
      )}
    </section>
  )
}

async function some(jobId: string, limit: number, signal: AbortSignal): Promise<JobFile[]> {
  const files: JobFile[] = []
  for await (const file of client().files(jobId, { signal })) {
    files.push(file)
    if (files.length >= limit) break
  }
  return files
}
