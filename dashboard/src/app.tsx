import { Empty } from './parts/empty.tsx'
import { Frame } from './parts/frame.tsx'
import { Link } from './parts/link.tsx'
import { path, segments } from './state/router.ts'
import { phase } from './state/session.ts'
import { JobView } from './views/job.tsx'
import { JobsView } from './views/jobs.tsx'
import { OverviewView } from './views/overview.tsx'
import { SchedulesView } from './views/schedules.tsx'
import { SignInView } from './views/sign-in.tsx'
import { SubmitView } from './views/submit.tsx'

/** The whole page: who is signed in, and the view that the address names. */
export function App() {
  if (phase.value === 'starting') return <p class="starting">Looking for the service…</p>
  if (phase.value !== 'signed-in') return <SignInView />
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
