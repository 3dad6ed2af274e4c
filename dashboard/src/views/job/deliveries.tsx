import type { Job } from '@longshore/client'

/** What receivers were told of the job. */
export function Deliveries(_: { job: Job }) {
  return null
}
