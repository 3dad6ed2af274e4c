import type { z } from 'zod'
import { LongshoreError } from '../../base/errors.ts'
import { Job as JobSchema, ListJobs } from '../../contract/job.ts'
import type { JobQuery } from '../../engine/job-engine.ts'
import type { Caller } from '../caller.ts'
import { viewJob } from '../job-view.ts'
import { nextLink } from '../next-link.ts'
import { describe, json, type Routes, routeOf } from '../room.ts'

/** Listing jobs, newest first. */
export const listJobs: Routes = (app, room) => {
  app.route({
    ...routeOf('listJobs', room),
    schema: describe('listJobs', {
      querystring: ListJobs,
      response: { 200: json('Jobs; the next page is in the header `Link: …; rel="next"`', JobSchema.array()) },
    }),
    handler: async (request, reply) => {
      const page = await room.jobs.list({
        ...queryOf(request.query),
        ...ownOnly(request.query, room.callerOf(request)),
      })
      if (page.next !== null) reply.header('link', nextLink(request.url, page.next))
      const now = room.clock.now()
      return page.items.map((job) => viewJob(job, now))
    },
  })
}

function queryOf(given: z.output<typeof ListJobs>): JobQuery {
  return {
    limit: given.limit,
    ...(given.cursor !== undefined && { cursor: given.cursor }),
    ...(given.status !== undefined && { states: [given.status].flat() }),
    ...(given.label !== undefined && { labels: Object.fromEntries([given.label].flat().map(readLabel)) }),
    ...(given.group !== undefined && { group: given.group }),
    ...(given.schedule !== undefined && { schedule: given.schedule }),
    ...(given.created_after !== undefined && { createdAfter: Date.parse(given.created_after) }),
    ...(given.created_before !== undefined && { createdBefore: Date.parse(given.created_before) }),
  }
}

/** A caller with a tenant lists its own jobs; one without may ask for those of any tenant. */
function ownOnly({ tenant: asked }: z.output<typeof ListJobs>, { tenant }: Caller): Pick<JobQuery, 'tenant'> {
  const wanted = tenant ?? asked
  return wanted === undefined ? {} : { tenant: wanted }
}

function readLabel(text: string): [string, string] {
  const cut = text.indexOf('=')
  if (cut > 0) return [text.slice(0, cut), text.slice(cut + 1)]
  throw new LongshoreError('VALIDATION_FAILED', `Expected label to be name=value, got ${JSON.stringify(text)}.`, {
    errors: [{ pointer: '/query/label', message: 'expected name=value' }],
  })
}
