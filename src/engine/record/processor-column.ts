import type { Job } from '../../job/job.ts'

let last = { processor: { name: '', version: '' }, json: '' }

/** Who works on a job, as its column holds it. The last one is kept: all jobs that a service takes have the same. */
export function storeProcessor(processor: Job['processor']): string {
  if (last.processor !== processor) last = { processor, json: JSON.stringify(processor) }
  return last.json
}
