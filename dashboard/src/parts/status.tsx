import type { JobStatus } from '@longshore/client'
import { Icon } from './icon.tsx'

/** Every state of a job, in the order of its life. */
export const STATUSES: readonly JobStatus[] = ['queued', 'processing', 'completed', 'failed', 'cancelled']

/** How a state is called in the page. */
export const STATUS_NAMES: Readonly<Record<JobStatus, string>> = {
  queued: 'Queued',
  processing: 'Processing',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

/** The state of a job: picture, word and colour say the same, so that no one of them is needed. */
export function Status({ status, isStopping }: { status: JobStatus; isStopping?: boolean }) {
  return (
    <span class={`status status-${status}`}>
      <Icon name={status} />
      {isStopping && status === 'processing' ? 'Stopping' : STATUS_NAMES[status]}
    </span>
  )
}
