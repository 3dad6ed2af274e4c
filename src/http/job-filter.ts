import type { z } from 'zod'
import { LongshoreError } from '../base/errors.ts'
import type { ListJobs } from '../contract/job.ts'
import type { JobFilter } from '../engine/activity.ts'
import { queueGroup } from '../job/queue-group.ts'
import type { Caller } from './caller.ts'

/** What a listing and a bulk action both filter by. */
type Filtered = Pick<
  z.output<typeof ListJobs>,
  'status' | 'label' | 'group' | 'schedule' | 'tenant' | 'created_after' | 'created_before'
>

/**
 * Which jobs a request is about. A caller with a tenant means its own, whatever it asks for; one without may ask for those
 * of any tenant. `place` says where in the request labels stand, for the error of one that is none.
 */
export function filterOf(given: Filtered, caller: Caller, place: string): JobFilter {
  const tenant = caller.tenant ?? given.tenant
  const label = (text: string): [string, string] => readLabel(text, place)
  return {
    ...(given.status !== undefined && { states: [given.status].flat() }),
    ...(given.label !== undefined && { labels: Object.fromEntries([given.label].flat().map(label)) }),
    ...(given.group !== undefined && { group: queueGroup(tenant, given.group) ?? given.group }),
    ...(given.schedule !== undefined && { schedule: given.schedule }),
    ...(tenant !== undefined && { tenant }),
    ...(given.created_after !== undefined && { createdAfter: Date.parse(given.created_after) }),
    ...(given.created_before !== undefined && { createdBefore: Date.parse(given.created_before) }),
  }
}

function readLabel(text: string, place: string): [string, string] {
  const cut = text.indexOf('=')
  if (cut > 0) return [text.slice(0, cut), text.slice(cut + 1)]
  throw new LongshoreError('VALIDATION_FAILED', `Expected label to be name=value, got ${JSON.stringify(text)}.`, {
    errors: [{ pointer: `${place}/label`, message: 'expected name=value' }],
  })
}
