import type { JobStatus } from '@longshore/client'
import { useState } from 'preact/hooks'
import { compact } from '../../format.ts'
import { Icon } from '../../parts/icon.tsx'
import { STATUS_NAMES, STATUSES } from '../../parts/status.tsx'
import { ask, go } from '../../state/router.ts'
import { caller } from '../../state/session.ts'
import { type Filter, NOTHING_ASKED } from '../jobs.tsx'

const SPANS: readonly [string, number][] = [
  ['Last hour', 3_600_000],
  ['Last 24 hours', 86_400_000],
  ['Last 7 days', 604_800_000],
]

const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

interface FilterBarProps {
  filter: Filter
  states: Readonly<Partial<Record<JobStatus, number>>> | undefined
}

/** Chooses jobs. What is chosen stands in the address, to be kept and passed on. */
export function FilterBar({ filter, states }: FilterBarProps) {
  const { status = [], label = [], group, schedule, tenant } = filter
  const toggle = (each: JobStatus): void => {
    const next = status.includes(each) ? status.filter((known) => known !== each) : [...status, each]
    ask({ status: next, cursor: undefined })
  }
  return (
    <search class="filters">
      <div class="filter-states" role="group" aria-label="Status">
        {STATUSES.map((each) => (
          <button
            key={each}
            type="button"
            class={`state state-${each}`}
            aria-pressed={status.includes(each)}
            onClick={() => toggle(each)}
          >
            <Icon name={each} />
            {STATUS_NAMES[each]}
            <span class="state-count">{states ? compact(states[each] ?? 0) : '\u2007'}</span>
          </button>
        ))}
      </div>
      <div class="filter-fields">
        <Search />
        {group !== undefined && (
          <Chosen text={`group ${group}`} remove={() => ask({ group: undefined, cursor: undefined })} />
        )}
        {schedule !== undefined && (
          <Chosen text={`schedule ${schedule}`} remove={() => ask({ schedule: undefined, cursor: undefined })} />
        )}
        {tenant !== undefined && (
          <Chosen text={`tenant ${tenant}`} remove={() => ask({ tenant: undefined, cursor: undefined })} />
        )}
        {label.map((each) => (
          <Chosen
            key={each}
            text={each}
            remove={() => ask({ label: label.filter((known) => known !== each), cursor: undefined })}
          />
        ))}
        <Span filter={filter} />
        {Object.keys(filter).length > 0 && (
          <button type="button" class="quiet" onClick={() => ask(NOTHING_ASKED)}>
            Clear
          </button>
        )}
      </div>
    </search>
  )
}

/** One field for what people have at hand: a label, a group, the id of a job, a tenant where those of all are seen. */
function Search() {
  const seesAll = caller.value.tenant === null
  const hint = `name=value, group:…, ${seesAll ? 'tenant:…, ' : ''}job id`
  const [text, setText] = useState('')
  const [fault, setFault] = useState('')
  const submit = (event: Event): void => {
    event.preventDefault()
    const asked = text.trim()
    const [, field, name = ''] = /^(group|tenant)[: ](.+)$/.exec(asked) ?? []
    if (JOB_ID.test(asked)) go(`/jobs/${asked.toLowerCase()}`)
    else if (field === 'group' || (field === 'tenant' && seesAll)) ask({ [field]: name.trim(), cursor: undefined })
    else if (/^[^=]+=/.test(asked))
      ask({ label: [...new URLSearchParams(location.search).getAll('label'), asked], cursor: undefined })
    else {
      setFault(`Expected one of ${hint}.`)
      return
    }
    setText('')
    setFault('')
  }
  return (
    <form class="search" onSubmit={submit}>
      <input
        aria-label={`Filter by label, group${seesAll ? ', tenant' : ''} or job id`}
        aria-invalid={fault !== ''}
        aria-describedby="search-fault"
        placeholder={hint}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <span id="search-fault" class="refusal" role="alert">
        {fault}
      </span>
    </form>
  )
}

function Chosen({ text, remove }: { text: string; remove: () => void }) {
  return (
    <span class="chip">
      <span class="clip">{text}</span>
      <button type="button" class="quiet" aria-label={`No longer filter by ${text}`} onClick={remove}>
        <Icon name="close" />
      </button>
    </span>
  )
}

function Span({ filter }: { filter: Filter }) {
  const since = filter.created_after
  const choose = (value: string): void => {
    const created_after = value === '' ? undefined : new Date(Date.now() - Number(value)).toISOString()
    ask({ created_after, created_before: undefined, cursor: undefined })
  }
  return (
    <select
      aria-label="Created"
      value={since === undefined && filter.created_before === undefined ? '' : 'kept'}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      <option value="">Any time</option>
      {(since !== undefined || filter.created_before !== undefined) && (
        <option value="kept">
          {since?.slice(0, 16).replace('T', ' ') ?? ''} –{' '}
          {filter.created_before?.slice(0, 16).replace('T', ' ') ?? 'now'}
        </option>
      )}
      {SPANS.map(([name, ms]) => (
        <option key={ms} value={ms}>
          {name}
        </option>
      ))}
    </select>
  )
}
