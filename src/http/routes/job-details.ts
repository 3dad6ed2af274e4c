import { JobFiles, JobLogs, JobOutputs, JobPath, ListFiles, ReadLogs } from '../../contract/job.ts'
import type { OutputObject } from '../../job/job.ts'
import { parseObjectUri } from '../../storage/object-uri.ts'
import { timestamp, viewFile, viewLogLine } from '../job-view.ts'
import { nextLink } from '../next-link.ts'
import { describe, json, type Routes, routeOf } from '../room.ts'

/** What belongs to one job: its ledger, its outputs and its log. */
export const jobDetails: Routes = (app, room) => {
  app.route({
    ...routeOf('jobFiles', room),
    schema: describe('jobFiles', {
      params: JobPath,
      querystring: ListFiles,
      response: { 200: json('Files in manifest order; the next page is in `Link: …; rel="next"`', JobFiles) },
    }),
    handler: async (request, reply) => {
      const { limit, cursor, status } = request.query
      const page = await room.jobs.files(request.params.job_id, {
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(status !== undefined && { states: [status].flat() }),
      })
      if (page.next !== null) reply.header('link', nextLink(room.basePath, request.url, page.next))
      return page.items.map(viewFile)
    },
  })

  app.route({
    ...routeOf('jobOutputs', room),
    schema: describe('jobOutputs', { params: JobPath, response: { 200: json('The outputs', JobOutputs) } }),
    handler: async (request, reply) => {
      const job = await room.jobs.get(request.params.job_id)
      const expiresAt = room.clock.now() + room.config.downloadUrlTtlMs
      const view = async (output: OutputObject) => ({
        uri: output.uri,
        size_bytes: output.sizeBytes,
        sha256: output.sha256,
        media_type: output.mediaType,
        url: room.absolute(request, await room.store.signGet(parseObjectUri(output.uri), expiresAt)),
        expires_at: timestamp(expiresAt),
      })
      reply.header('cache-control', 'no-store')
      return { job_id: job.id, outputs: await Promise.all(job.outputs.map(view)) }
    },
  })

  app.route({
    ...routeOf('jobLogs', room),
    schema: describe('jobLogs', {
      params: JobPath,
      querystring: ReadLogs,
      response: { 200: json('The newest lines, oldest first', JobLogs) },
    }),
    handler: async (request) => {
      const { job_id } = request.params
      const lines = await room.jobs.logs(job_id, request.query.tail)
      return { job_id, lines: lines.map(viewLogLine) }
    },
  })
}
