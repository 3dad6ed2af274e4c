import { useEffect } from 'preact/hooks'
import { Empty } from './parts/empty.tsx'
import { Frame } from './parts/frame.tsx'
import { later } from './parts/later.tsx'
import { Link } from './parts/link.tsx'
import { go, path, segments } from './state/router.ts'
import { can, phase } from './state/session.ts'
import { JobsView } from './views/jobs.tsx'
import { SignInView } from './views/sign-in.tsx'

// The list is there from the start; the other views, one with a chart library, come when they are looked at.
const JobView = later(async () => (await import('./views/job.tsx')).JobView)
const OverviewView = later(async () => (await import('./views/overview.tsx')).OverviewView)
const SchedulesView = later(async () => (await import('./views/schedules.tsx')).SchedulesView)
const SubmitView = later(async () => (await import('./views/submit.tsx')).SubmitView)

/** The whole page: who is signed in, and the view that the address names. */
export function App() {
  if (phase.value === 'signed-out') return <SignInView />
  return (
    <Frame>
      <View />
    </Frame>
  )
}

/** A key that may not read is led to the one thing that it may be good for here. */
function ViewWithoutReading() {
  const { submit } = can.value
  useEffect(() => {
    if (submit && path.value !== '/submit') go('/submit', { replace: true })
  }, [submit, path.value])
  if (submit) return <SubmitView />
  return (
    <Empty title="Your key may not read" isView>
      <p>
        Sign out, and give one with the scope <code>read</code> to see jobs.
      </p>
    </Empty>
  )
}

function View() {
  const [first = '', second] = segments.value
  if (phase.value === 'signed-in' && !can.value.read) return <ViewWithoutReading />
  if (first === '') return <OverviewView />
  if (first === 'jobs' && second === undefined) return <JobsView key="jobs" />
  if (first === 'jobs' && second !== undefined) return <JobView key={second} id={second} />
  // What may be submitted is known once it is known who looks; what may be read is asked for at once.
  if (first === 'submit' && phase.value === 'starting') return <p class="starting">Looking for the service…</p>
  if (first === 'submit') return <SubmitView />
  if (first === 'schedules') return <SchedulesView />
  return (
    <Empty title="There is no such page" isView>
      <p>
        Nothing is shown at <code>{path.value}</code>. <Link to="/">To the overview</Link>
      </p>
    </Empty>
  )
}
