import { Empty } from './parts/empty.tsx'
import { Frame } from './parts/frame.tsx'
import { later } from './parts/later.tsx'
import { Link } from './parts/link.tsx'
import { path, segments } from './state/router.ts'
import { phase } from './state/session.ts'
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

function View() {
  const [first = '', second] = segments.value
  if (first === '') return <OverviewView />
  if (first === 'jobs' && second === undefined) return <JobsView key="jobs" />
  if (first === 'jobs' && second !== undefined) return <JobView key={second} id={second} />
  // What may be submitted is known once it is known who looks; what may be read is asked for at once.
  if (first === 'submit' && phase.value === 'starting') return <p class="starting">Looking for the service…</p>
  if (first === 'submit') return <SubmitView />
  if (first === 'schedules') return <SchedulesView />
  return (
    <Empty title="There is no such page">
      <h1 class="hidden">Not found</h1>
      <p>
        Nothing is shown at <code>{path.value}</code>. <Link to="/">To the overview</Link>
      </p>
    </Empty>
  )
}
