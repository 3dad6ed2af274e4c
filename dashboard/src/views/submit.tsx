import type { UploadProgress } from '@longshore/client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { bytes, plural } from '../format.ts'
import { CopyButton } from '../parts/code.tsx'
import { Empty } from '../parts/empty.tsx'
import { Icon } from '../parts/icon.tsx'
import { Link } from '../parts/link.tsx'
import { Progress } from '../parts/progress.tsx'
import { notify } from '../state/notices.ts'
import { go } from '../state/router.ts'
import { can, client, messageOf } from '../state/session.ts'
import { useChosenFiles } from './submit/chosen-files.ts'
import { DropZone } from './submit/drop-zone.tsx'
import { type Fields, FormFields, fieldsOf, NO_FIELDS } from './submit/form-fields.tsx'
import { SameNames } from './submit/same-names.tsx'

function MayNotSubmit() {
  return (
    <Empty title="Your key may not submit jobs" isView>
      <p>
        Sign out, and give one with the scope <code>submit</code>; or go <Link to="/jobs">to the jobs</Link>.
      </p>
    </Empty>
  )
}

/** Uploads files, which become a job. */
export function SubmitView() {
  const chosen = useChosenFiles()
  const { files, sameNames } = chosen
  const [fields, setFields] = useState<Fields>(NO_FIELDS)
  const [fault, setFault] = useState('')
  const [progress, setProgress] = useState<UploadProgress | undefined>(undefined)
  const [queued, setQueued] = useState<string | undefined>(undefined)
  const stop = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => stop.current?.abort(), [])
  if (!can.value.submit) return <MayNotSubmit />

  const add = (more: readonly File[]): void => {
    setFault('')
    chosen.add(more)
  }
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const options = fieldsOf(fields)
    if (typeof options === 'string') return setFault(options)
    if (files.length === 0) return setFault('Choose at least one file.')
    setFault('')
    setQueued(undefined)
    stop.current = new AbortController()
    try {
      const { signal } = stop.current
      const id = await client().uploadFiles(files, {
        ...(options.parameters !== undefined && { parameters: options.parameters }),
        job: options.job,
        signal,
        onProgress: setProgress,
      })
      if (can.value.read) {
        notify(`The job of ${plural(files.length, 'file')} is queued.`)
        return go(`/jobs/${id}`)
      }
      chosen.clear()
      setProgress(undefined)
      setQueued(id)
    } catch (failure) {
      setProgress(undefined)
      setFault(stop.current.signal.aborted ? 'The upload was stopped; nothing of it is left.' : messageOf(failure))
    }
  }
  const total = files.reduce((sum, { size }) => sum + size, 0)
  return (
    <form class="view submit" onSubmit={submit}>
      <h1 tabIndex={-1}>Submit a job</h1>
      {!can.value.read && (
        <p>
          Your key may {can.value.operate ? 'not read' : 'only submit'}. What becomes of a job is shown to one with the
          scope <code>read</code>.
        </p>
      )}
      <DropZone onFiles={add} />
      {sameNames.length > 0 && (
        <SameNames files={sameNames} chosen={files} onTake={chosen.put} onLeave={chosen.settle} />
      )}
      {files.length > 0 && (
        <ul class="plain chosen-files" aria-label="Files of the job">
          {files.map((file) => (
            <li key={file.name}>
              <Icon name="file" />
              <span class="clip">{file.name}</span>
              <span class="number muted">{bytes(file.size)}</span>
              <button
                type="button"
                class="quiet"
                aria-label={`Leave out ${file.name}`}
                disabled={progress !== undefined}
                onClick={() => chosen.leaveOut(file)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <FormFields fields={fields} onChange={setFields} />
      <p class="refusal" role="alert">
        {fault}
      </p>
      {queued !== undefined && (
        <p role="status">
          Queued as job <span class="mono">{queued}</span> <CopyButton text={queued} what="the id" />
        </p>
      )}
      <div class="actions">
        <button type="submit" class="primary" disabled={progress !== undefined}>
          {files.length === 0 ? 'Submit' : `Submit ${plural(files.length, 'file')}, ${bytes(total)}`}
        </button>
        {progress && (
          <>
            <button type="button" onClick={() => stop.current?.abort()}>
              Stop
            </button>
            <Progress percent={(100 * progress.sentBytes) / Math.max(1, progress.totalBytes)} label="Upload" />
            <span class="muted" aria-live="polite">
              {bytes(progress.sentBytes)} of {bytes(progress.totalBytes)}
            </span>
          </>
        )}
      </div>
    </form>
  )
}
