import type { Lease } from '../../job/job.ts'

/** How an attempt signs its settlement: no other attempt of the job has the same. */
export function markOf({ token, worker }: Pick<Lease, 'token' | 'worker'>): string {
  return `${token} ${worker}`
}
