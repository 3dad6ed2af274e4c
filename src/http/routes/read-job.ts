import type { FastifyReply, FastifyRequest } from 'fastify'
import { LongshoreError } from '../../base/errors.ts'
import { JobPath, Job as JobSchema, ReadJob } from '../../contract/job.ts'
import { isFinal, type Job } from '../../job/job.ts'
import { jobEtag, knownVersion, namesEtag } from '../etags.ts'
import { viewJob } from '../job-view.ts'
import { describe, empty, json, type Room, type Routes, routeOf } from '../room.ts'

/** What a reader who does not wait should do, in seconds, while the job is not final. */
const POLL_SECONDS = '1'

/** Reading one job, at once or as soon as it changes. */
export const readJob: Routes = (app, room) => {
  app.route({
    ...routeOf('getJob', room),
    schema: describe('getJob', {
      params: JobPath,
      querystring: ReadJob,
      response: { 200: json('The job', JobSchema), 304: empty('The job is still the one of `If-None-Match`') },
    }),
    handler: async (request, reply) => {
      const { wait } = request.query
      const id = request.params.job_id
      const job = wait === undefined ? await room.jobs.get(id) : await waitForJob(room, request, reply, id, wait)
      return answerJob(room, request, reply, job)
    },
  })
}

/** The job once it is newer than the one the client has, or than the one it is now. */
async function waitForJob(
  room: Room,
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  waitSeconds: number,
): Promise<Job> {
  const version = knownVersion(request.headers['if-none-match']) ?? (await room.jobs.get(id)).version
  using hold = room.holds.hold(reply)
  const job = await room.feed.waitForChange(id, version, waitSeconds * 1000, hold.signal)
  return job ?? gone(id)
}

async function answerJob(room: Room, request: FastifyRequest, reply: FastifyReply, job: Job): Promise<unknown> {
  const etag = jobEtag(job.version)
  reply.header('etag', etag).header('cache-control', 'no-cache')
  if (!isFinal(job.state)) reply.header('retry-after', POLL_SECONDS)
  if (namesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send()
  const place = job.state === 'queued' ? await room.jobs.placeOf(job) : undefined
  return viewJob(job, room.clock.now(), room.basePath, place)
}

function gone(id: string): never {
  throw new LongshoreError('JOB_NOT_FOUND', `There is no job ${id}.`)
}
