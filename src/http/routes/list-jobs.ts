import { Job as JobSchema, ListJobs } from '../../contract/job.ts'
import { filterOf } from '../job-filter.ts'
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
      const { limit, cursor, ...given } = request.query
      const filter = filterOf(given, room.callerOf(request), '/query')
      const page = await room.jobs.list({ ...filter, limit, ...(cursor !== undefined && { cursor }) })
      if (page.next !== null) reply.header('link', nextLink(room.basePath, request.url, page.next))
      const now = room.clock.now()
      return page.items.map((job) => viewJob(job, now, room.basePath))
    },
  })
}
