import type { BulkResult } from '@longshore/client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { plural } from '../../format.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Progress } from '../../parts/progress.tsx'
import { useLoad } from '../../state/load.ts'
import { attempt } from '../../state/notices.ts'
import { client } from '../../state/session.ts'
import type { Filter } from '../jobs.tsx'

interface BulkDialogProps {
  action: 'cancel' | 'retry'
  filter: Filter
  onClose(): void
  onDone(): void
}

const WORDS = {
  cancel: {
    title: 'Cancel jobs',
    verb: 'Cancel',
    past: 'asked to stop',
    which: 'queued or running',
    states: ['queued', 'processing'],
  },
  retry: {
    title: 'Retry jobs',
    verb: 'Retry',
    past: 'queued again',
    which: 'failed or cancelled',
    states: ['failed', 'cancelled'],
  },
} as const

/** Counts what a filter matches, asks, and then acts on all of it, with how far it is. */
export function BulkDialog({ action, filter, onClose, onDone }: BulkDialogProps) {
  const { title, verb, past, which } = WORDS[action]
  const wanted = Object.keys(filter).length === 0 ? { all: true as const } : filter
  const [sofar, setSofar] = useState<BulkResult | undefined>(undefined)
  const [onlyFailed, setOnlyFailed] = useState(false)
  const stop = useRef(new AbortController())
  useEffect(() => () => stop.current.abort(), [])
  const act = action === 'cancel' ? client().cancelJobs.bind(client()) : client().retryJobs.bind(client())
  const matched = useLoad((signal) => act(wanted, { dryRun: true, signal }), action)
  const jobs = matched.value?.matched
  const run = async (): Promise<void> => {
    setSofar({ matched: 0, changed: 0 })
    const options = { signal: stop.current.signal, onProgress: setSofar, failedFilesOnly: onlyFailed }
    await attempt(async () => `${plural((await act(wanted, options)).changed, 'job')} ${past}.`)
    onDone()
    onClose()
  }
  const text = jobs === undefined ? verb : `${verb} ${plural(jobs, 'job')}`
  return (
    <Dialog
      title={title}
      action={text}
      isDangerous={action === 'cancel'}
      isBusy={sofar !== undefined}
      isOff={!jobs}
      onAction={run}
      onClose={onClose}
    >
      {matched.error && <p class="refusal">{matched.error}</p>}
      {jobs === undefined && !matched.error && <p>Counting…</p>}
      {jobs === 0 && <p>No {which} job matches the filter.</p>}
      {jobs !== undefined && jobs > 0 && (
        <p>
          {verb} the {describe(filter, WORDS[action])}: <strong>{plural(jobs, 'job')}</strong>, on this page and beyond
          it.
        </p>
      )}
      {action === 'retry' && (
        <label class="check">
          <input
            type="checkbox"
            checked={onlyFailed}
            onChange={(event) => setOnlyFailed(event.currentTarget.checked)}
          />
          Work only on files that are not done
        </label>
      )}
      {sofar && (
        <p>
          <Progress percent={jobs ? (100 * sofar.matched) / jobs : undefined} label="How far it is" />
          {plural(sofar.changed, 'job')} {past}
        </p>
      )}
    </Dialog>
  )
}

/** The jobs that are acted on: of the states a filter names, only those the action is about. */
function describe(
  { status, label, group, schedule, tenant, created_after, created_before }: Filter,
  { which, states }: (typeof WORDS)[keyof typeof WORDS],
): string {
  const parts = [
    status && `are ${states.filter((state) => status.includes(state)).join(' or ')}`,
    ...(label ?? []).map((each) => `have the label ${each}`),
    group && `are of group ${group}`,
    schedule && `come from the schedule ${schedule}`,
    tenant && `belong to the tenant ${tenant}`,
    created_after && `were created after ${created_after}`,
    created_before && `were created before ${created_before}`,
  ].filter(Boolean)
  const jobs = status ? 'jobs' : `${which} jobs`
  return parts.length === 0 ? jobs : `${jobs} that ${parts.join(' and ')}`
}
