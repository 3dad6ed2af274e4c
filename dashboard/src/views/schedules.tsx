import type { Schedule } from '@longshore/client'
import { absolute, count, shortId } from '../format.ts'
import { Code } from '../parts/code.tsx'
import { Empty, Fault } from '../parts/empty.tsx'
import { Link } from '../parts/link.tsx'
import { Pages } from '../parts/pages.tsx'
import { Ago } from '../parts/time.tsx'
import { useLoad } from '../state/load.ts'
import { attempt } from '../state/notices.ts'
import { jobsOf, ownerOf } from '../state/owner.ts'
import { query, serviceUrl } from '../state/router.ts'
import { can, client } from '../state/session.ts'

const EXAMPLE = `longshore schedules create nightly '30 2 * * *' \\
  --timezone Europe/Berlin --manifest s3://longshore/list.jsonl \\
  --url ${serviceUrl}`

/** Schedules of a page. */
const PAGE = 50

/** Every schedule, a page at a time: when it fires next, and what it did last. */
export function SchedulesView() {
  const cursor = query.value.get('cursor') ?? undefined
  const asked = { limit: PAGE, ...(cursor !== undefined && { cursor }) }
  const schedules = useLoad((signal) => client().schedules.list(asked, { signal }), `${cursor}`, 15_000)
  const all = schedules.value?.schedules
  return (
    <div class="view">
      <h1 tabIndex={-1}>Schedules</h1>
      {schedules.error && <Fault error={schedules.error} retry={schedules.reload} />}
      {all?.length === 0 && (cursor === undefined ? <FirstSchedule /> : <Empty title="There are no more schedules" />)}
      <ul class="plain stack">
        {all?.map((schedule) => (
          <Item key={`${schedule.tenant} ${schedule.name}`} schedule={schedule} onChange={schedules.reload} />
        ))}
      </ul>
      <Pages next={schedules.value?.next} cursor={cursor} names={['First', 'Previous', 'Next']} />
    </div>
  )
}

function FirstSchedule() {
  return (
    <Empty title="There are no schedules">
      <p>A schedule submits a job whenever its time has come.</p>
      {can.value.operate && (
        <>
          <p>Make one from a terminal:</p>
          <Code text={EXAMPLE} what="the command" />
        </>
      )}
    </Empty>
  )
}

function Item({ schedule, onChange }: { schedule: Schedule; onChange: () => void }) {
  const { name, tenant, cron, timezone, paused_at: pausedAt, next_ticks: next, counts } = schedule
  return (
    <li class="card">
      <div class="view-head">
        <h2>
          <Link to={jobsOf({ schedule: name }, tenant)}>{name}</Link>{' '}
          {ownerOf(tenant) !== undefined && <span class="chip chip-tenant">{tenant}</span>}{' '}
          {pausedAt !== null && <span class="chip">Paused</span>}
        </h2>
        {can.value.operate && <Actions schedule={schedule} onChange={onChange} />}
      </div>
      <dl>
        <dt>When</dt>
        <dd>
          <code>{cron}</code> <span class="muted">{timezone}</span>
        </dd>
        <dt>Next</dt>
        <dd>
          {pausedAt !== null && (
            <>
              paused <Ago at={pausedAt} />
            </>
          )}
          {next[0] !== undefined && (
            <>
              <Ago at={next[0]} /> <span class="muted">{absolute(next[0])}</span>
            </>
          )}
        </dd>
        <dt>Last</dt>
        <dd>
          <Last schedule={schedule} />
        </dd>
        <dt>So far</dt>
        <dd>
          {count(counts.fired)} fired, {count(counts.missed)} missed, {count(counts.skipped)} skipped
        </dd>
      </dl>
    </li>
  )
}

function Last({ schedule: { last_fire: fire, last_skip: skip } }: { schedule: Schedule }) {
  return (
    <>
      {fire === null && skip === null && <span class="muted">nothing yet</span>}
      {fire && (
        <div>
          <Link to={`/jobs/${fire.job_id}`} class="mono" title={fire.job_id}>
            {shortId(fire.job_id)}
          </Link>{' '}
          {fire.status ?? 'deleted'}, <Ago at={fire.at} />
        </div>
      )}
      {skip && (
        <div class="muted">
          {skip.message} <Ago at={skip.at} />
        </div>
      )}
    </>
  )
}

function Actions({
  schedule: { name, tenant, paused_at: pausedAt },
  onChange,
}: {
  schedule: Schedule
  onChange: () => void
}) {
  const { schedules } = client()
  const owner = tenant === null ? {} : { tenant }
  const shown = ownerOf(tenant)
  const ofTenant = shown === undefined ? '' : ` of ${shown}`
  const act = (action: () => Promise<unknown>, told: string) => async () => {
    await attempt(async () => {
      await action()
      return told
    })
    onChange()
  }
  return (
    <div class="actions">
      <button type="button" onClick={act(() => schedules.run(name, owner), `${name} fired.`)}>
        Run {name}
        <span class="hidden">{ofTenant}</span> now
      </button>
      {pausedAt === null ? (
        <button type="button" onClick={act(() => schedules.pause(name, owner), `${name} is paused.`)}>
          Pause
          <span class="hidden">{` ${name}${ofTenant}`}</span>
        </button>
      ) : (
        <button type="button" class="primary" onClick={act(() => schedules.resume(name, owner), `${name} goes on.`)}>
          Resume
          <span class="hidden">{` ${name}${ofTenant}`}</span>
        </button>
      )}
    </div>
  )
}
