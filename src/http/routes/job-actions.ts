import { JobPath, Job as JobSchema, RetryJob } from '../../contract/job.ts'
import { viewJob } from '../job-view.ts'
import { describe, empty, json, type Routes, routeOf } from '../room.ts'

/** What a person can do to a job: stop it, queue it again, forget it. */
export const jobActions: Routes = (app, room) => {
  app.route({
    ...routeOf('cancelJob', room),
    schema: describe('cancelJob', {
      params: JobPath,
      response: { 202: json('The job; it is `cancelled` once its work has stopped', JobSchema) },
    }),
    handler: async (request, reply) => {
      const job = await room.jobs.cancel(request.params.job_id)
      return reply.code(202).send(viewJob(job, room.clock.now(), room.basePath))
    },
  })

  app.route({
    ...routeOf('retryJob', room),
    schema: describe('retryJob', {
      params: JobPath,
      body: RetryJob,
      response: { 202: json('The job, queued again', JobSchema) },
    }),
    handler: async (request, reply) => {
      const failedFilesOnly = request.body?.failed_files_only ?? false
      const job = await room.jobs.retry(request.params.job_id, { failedFilesOnly })
      return reply.code(202).send(viewJob(job, room.clock.now(), room.basePath))
    },
  })

  app.route({
    ...routeOf('deleteJob', room),
    schema: describe('deleteJob', {
      params: JobPath,
      response: { 204: empty('The job, its uploads and its outputs are gone') },
    }),
    handler: async (request, reply) => {
      await room.removal.remove(request.params.job_id)
      return reply.code(204).send()
    },
  })
}
