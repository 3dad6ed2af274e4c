import { CreateToken, JobPath, ReadToken } from '../../contract/job.ts'
import { timestamp } from '../job-view.ts'
import { describe, json, type Routes, routeOf } from '../room.ts'

/** How long a read token is good unless the request says otherwise, in seconds. */
const DEFAULT_SECONDS = 3600

/** Giving away the right to read one job, for a while. */
export const jobTokens: Routes = (app, room) => {
  app.route({
    ...routeOf('createToken', room),
    schema: describe('createToken', {
      params: JobPath,
      body: CreateToken,
      response: { 201: json('The token; send it as `?token=…` with every request that reads this job', ReadToken) },
    }),
    handler: async (request, reply) => {
      const { id } = await room.jobs.get(request.params.job_id)
      const seconds = request.body?.expires_in_seconds ?? DEFAULT_SECONDS
      // Nobody gives away for longer than he has it himself.
      const latest = room.callerOf(request).expiresAt ?? Number.POSITIVE_INFINITY
      const expiresAt = Math.floor(Math.min(room.clock.now() + seconds * 1000, latest) / 1000) * 1000
      const token = room.tokens.sign(id, expiresAt)
      reply.code(201).header('cache-control', 'no-store')
      return { job_id: id, token, expires_at: timestamp(expiresAt) }
    },
  })
}
