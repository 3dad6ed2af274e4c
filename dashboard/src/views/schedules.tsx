import { Empty } from '../parts/empty.tsx'

/** Cron schedules. */
export function SchedulesView() {
  return <Empty title="There are no schedules" />
}
