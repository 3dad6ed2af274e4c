import type { JobChange, JobPage, JobQuery, JobStatus } from '@longshore/client'
import { useState } from 'preact/hooks'
import { plural } from '../format.ts'
import { Empty, Fault } from '../parts/empty.tsx'
import { FirstJob } from '../parts/first-job.tsx'
import { Pages } from '../parts/pages.tsx'
import { STATUSES } from '../parts/status.tsx'
import { useChanges } from '../state/live.ts'
import { useLoad, useSoon } from '../state/load.ts'
import { ask, query } from '../state/router.ts'
import { caller, can, client } from '../state/session.ts'
import { BulkDialog } from './jobs/bulk-dialog.tsx'
import { FilterBar } from './jobs/filter-bar.tsx'
import { JobTable } from './jobs/job-table.tsx'

const PAGE = 50

/** Which jobs the address asks for; of a tenant only where those of all are seen. */
export type Filter = Pick<JobQuery, 'group' | 'schedule' | 'tenant' | 'created_after' | 'created_before'> & {
  status?: JobStatus[]
  label?: string[]
}

function filterOf(asked: URLSearchParams): Filter {
  const status = STATUSES.filter((each) => asked.getAll('status').includes(each))
  const label = asked.getAll('label').filter((each) => each.includes('='))
  const text = (name: string): string | undefined => asked.get(name) || undefined
  const [group, schedule] = [text('group'), text('schedule')]
  const tenant = caller.value.tenant === null ? text('tenant') : undefined
  const [after, before] = [text('created_after'), text('created_before')]
  return {
    ...(status.length > 0 && { status }),
    ...(label.length > 0 && { label }),
    ...(group !== undefined && { group }),
    ...(schedule !== undefined && { schedule }),
    ...(tenant !== undefined && { tenant }),
    ...(after !== undefined && { created_after: after }),
    ...(before !== undefined && { created_before: before }),
  }
}

/** Every job that a filter matches, newest first, a page at a time. */
export function JobsView() {
  const filter = filterOf(query.value)
  const cursor = query.value.get('cursor') ?? undefined
  const key = JSON.stringify([filter, cursor])
  const [bulk, setBulk] = useState<'cancel' | 'retry' | undefined>(undefined)
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const page = useLoad(
    (signal) => client().listJobs({ ...filter, limit: PAGE, ...(cursor !== undefined && { cursor }) }, { signal }),
    key,
  )
  const counts = useLoad((signal) => client().stats({ signal }), 'counts', 15_000)
  const countSoon = useSoon(counts.reload, 2_000)
  const reload = (): void => {
    setFresh(new Set())
    page.reload()
    counts.reload()
  }
  const readSoon = useSoon(reload, 1_000)
  const readLater = useSoon(reload, 3_000)
  useChanges((news) => {
    if (news.type === 'opened' && page.value !== undefined) readSoon()
    if (news.type === 'opened') return
    countSoon()
    if (news.type === 'more') {
      if (page.value?.jobs.some(({ status }) => OPEN.includes(status))) readLater()
      return
    }
    const isShown = page.value?.jobs.some(({ job_id }) => job_id === news.job.job_id) ?? false
    if (isShown) page.change((known) => withChange(known, news.job))
    else if (page.value?.jobs.length === 0 && cursor === undefined) readSoon()
    else if (isNewer(news.job, page.value, filter) && fresh.size < 1_000) {
      setFresh((before) => new Set(before).add(news.job.job_id))
    }
  })
  const jobs = page.value?.jobs
  const isFiltered = Object.keys(filter).length > 0
  const isEmpty = jobs?.length === 0 && !page.error
  return (
    <div class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>{isDeadLetters(filter) ? 'Failed jobs' : 'Jobs'}</h1>
        <div class="actions">
          {fresh.size > 0 && cursor === undefined && (
            <button type="button" class="fresh" onClick={reload}>
              {plural(fresh.size, 'newer job')}: show
            </button>
          )}
          {can.value.operate && !isEmpty && mayBe(filter, RETRYABLE) && (
            <button type="button" onClick={() => setBulk('retry')}>
              Retry all…
            </button>
          )}
          {can.value.operate && !isEmpty && mayBe(filter, OPEN) && (
            <button type="button" class="danger" onClick={() => setBulk('cancel')}>
              Cancel all…
            </button>
          )}
        </div>
      </div>
      <FilterBar filter={filter} states={counts.value?.states} />
      {page.error && <Fault error={page.error} retry={page.reload} />}
      {isEmpty && !isFiltered && <FirstJob />}
      {isEmpty && isFiltered && <NoneMatch filter={filter} />}
      {jobs && jobs.length > 0 && <JobTable jobs={jobs} isLoading={page.isLoading} />}
      {jobs === undefined && !page.error && <JobTable jobs={[]} isLoading />}
      <Pages next={page.value?.next} cursor={cursor} names={['Newest', 'Newer', 'Older']} />
      {bulk && <BulkDialog action={bulk} filter={filter} onClose={() => setBulk(undefined)} onDone={reload} />}
    </div>
  )
}

/** Whether a job belongs above those that are shown, as far as a change tells; of labels it tells nothing. */
function isNewer({ created_at, status, tenant }: JobChange, page: JobPage | undefined, filter: Filter): boolean {
  const newest = page?.jobs[0]?.created_at
  const isWanted = (filter.status?.includes(status) ?? true) && (filter.tenant ?? tenant) === tenant
  return newest !== undefined && created_at > newest && isWanted
}

const OPEN: readonly JobStatus[] = ['queued', 'processing']
const RETRYABLE: readonly JobStatus[] = ['failed', 'cancelled']

/** Whether a filter may match jobs of one of these states. */
function mayBe({ status }: Filter, states: readonly JobStatus[]): boolean {
  return status === undefined || status.some((each) => states.includes(each))
}

function isDeadLetters({ status, ...rest }: Filter): boolean {
  return status?.length === 1 && status[0] === 'failed' && Object.keys(rest).length === 0
}

/** Whether a name is asked for that tenants may have given, and of none of them. */
function isOfAnyTenant({ group, schedule, tenant }: Filter): boolean {
  return caller.value.tenant === null && tenant === undefined && (group ?? schedule) !== undefined
}

function NoneMatch({ filter }: { filter: Filter }) {
  if (isDeadLetters(filter)) {
    return (
      <Empty title="No job has failed">
        <p>
          One that runs out of attempts is kept here, with every error, until you retry it or its retention is over.
        </p>
      </Empty>
    )
  }
  return (
    <Empty title="No job matches">
      {isOfAnyTenant(filter) && (
        <p>
          Groups and schedules belong to tenants: filter by <code>tenant:…</code> too.
        </p>
      )}
      <p>
        <button type="button" onClick={() => ask(NOTHING_ASKED)}>
          Show all jobs
        </button>
      </p>
    </Empty>
  )
}

/** Takes every filter away. */
export const NOTHING_ASKED = {
  status: undefined,
  label: undefined,
  group: undefined,
  schedule: undefined,
  tenant: undefined,
  created_after: undefined,
  created_before: undefined,
  cursor: undefined,
}

function withChange(page: JobPage, change: JobChange): JobPage {
  const jobs = page.jobs.map((job) => {
    if (job.job_id !== change.job_id || job.updated_at > change.at) return job
    const { at, stage, percent, message, job_id: _, ...rest } = change
    const progress = { stage, ...(percent !== null && { percent }), ...(message !== null && { message }) }
    return { ...job, ...rest, updated_at: at, progress }
  })
  return { ...page, jobs }
}
