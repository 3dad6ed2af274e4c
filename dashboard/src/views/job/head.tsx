import type { Job } from '@longshore/client'
import { useState } from 'preact/hooks'
import { duration } from '../../format.ts'
import { CopyButton } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Status } from '../../parts/status.tsx'
import { Ago } from '../../parts/time.tsx'
import { attempt } from '../../state/notices.ts'
import { go } from '../../state/router.ts'
import { can, client } from '../../state/session.ts'

/** Which job it is, how it stands, and what can be done to it. */
export function Head({ job, onChange }: { job: Job; onChange: () => void }) {
  const { job_id: id, status, progress, error, eta_seconds: eta } = job
  return (
    <header class="job-head">
      <div class="view-head">
        <h1 tabIndex={-1}>
          Job <span class="mono job-id">{id}</span>
          <CopyButton text={id} what="the id" />
        </h1>
        {can.value.operate && <Actions job={job} onChange={onChange} />}
      </div>
      <div class="job-now">
        <Status status={status} isStopping={job.cancel_requested_at !== null} />
        {status === 'processing' && (
          <>
            <Progress percent={progress?.percent} label="Progress" />
            <span class="clip">{[progress?.stage, progress?.message].filter(Boolean).join(': ')}</span>
            {eta !== null && <span class="muted">about {duration(eta)} left</span>}
          </>
        )}
        {status === 'queued' && <Waiting job={job} />}
        {job.completed_at !== null && <Ago at={job.completed_at} />}
      </div>
      {error !== null && <p class="job-error">{error}</p>}
    </header>
  )
}

function Waiting({ job: { run_at, queue_position, waits_for } }: { job: Job }) {
  if (Date.parse(run_at) > Date.now()) {
    return (
      <span class="muted">
        due <Ago at={run_at} />
      </span>
    )
  }
  const before = queue_position === null ? undefined : `${queue_position} before it.`
  return <span class="muted">{[before, waits_for?.message].filter(Boolean).join(' ') || 'waits'}</span>
}

function Actions({ job, onChange }: { job: Job; onChange: () => void }) {
  const { job_id: id, status, files } = job
  const [isForgetting, setForgetting] = useState(false)
  const isOpen = status === 'queued' || status === 'processing'
  const act = (action: () => Promise<unknown>, told: string) => async () => {
    await attempt(async () => {
      await action()
      return told
    })
    onChange()
  }
  const retry = (failedFilesOnly: boolean) =>
    act(() => client().retryJob(id, { failedFilesOnly }), 'The job is queued again.')
  return (
    <div class="actions">
      {isOpen && (
        <button
          type="button"
          class="danger"
          disabled={job.cancel_requested_at !== null}
          onClick={act(() => client().cancelJob(id), 'The job was asked to stop.')}
        >
          {job.cancel_requested_at === null ? 'Cancel' : 'Stopping…'}
        </button>
      )}
      {(status === 'failed' || status === 'cancelled') && (
        <>
          {files.failed > 0 && files.done > 0 && (
            <button type="button" onClick={retry(true)}>
              Retry failed files
            </button>
          )}
          <button type="button" class="primary" onClick={retry(false)}>
            Retry
          </button>
        </>
      )}
      {!isOpen && (
        <button type="button" onClick={() => setForgetting(true)}>
          Delete…
        </button>
      )}
      {isForgetting && (
        <Dialog
          title="Delete the job"
          action="Delete"
          isDangerous
          onClose={() => setForgetting(false)}
          onAction={async () => {
            const isDone = await attempt(async () => {
              await client().deleteJob(id)
              return 'The job is deleted.'
            })
            setForgetting(false)
            if (isDone) go('/jobs')
          }}
        >
          <p>Its record, its uploads and its outputs are removed. They cannot be brought back.</p>
        </Dialog>
      )}
    </div>
  )
}
