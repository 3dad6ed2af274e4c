import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { newId } from '../../base/ids.ts'
import { Job as JobSchema, SubmitJob, SubmittedJob } from '../../contract/job.ts'
import { idempotencyOf, jobRequest } from '../../input/job-request.ts'
import { checkManifestUri } from '../../input/manifest.ts'
import { checkManifestEntries, type ManifestLimits } from '../../input/manifest-entries.ts'
import { isFinal, type Job, type ManifestSource } from '../../job/job.ts'
import { idempotencyKeyOf } from '../idempotency-key.ts'
import { viewJob, viewSubmitted } from '../job-view.ts'
import { preferredWait } from '../prefer.ts'
import { describe, json, type Room, type Routes, routeOf } from '../room.ts'

/**
 * Submitting a job by manifest: the busiest route, so it makes no view it does not need, and no async function, as each
 * turn more at the microtask queue finds the memory of the request gone from the processor's cache.
 */
export const submitJob: Routes = (app, room) => {
  const limits = { readableBuckets: room.config.readableBuckets, maxFiles: room.config.limits.filesPerJob }
  app.route({
    ...routeOf('submitJob', room),
    schema: describe('submitJob', {
      body: SubmitJob,
      response: {
        200: json('The job, when it ended within `Prefer: wait=N`', JobSchema),
        202: json('The job is on disk. With `Prefer: wait=N`, the job itself', SubmittedJob),
      },
    }),
    handler: (request, reply) => {
      const { body } = request
      const source = manifestSource(body, limits)
      const { tenant } = room.callerOf(request)
      const submit = (): Promise<{ job: Job; replayed: boolean }> => {
        const key = idempotencyKeyOf(request)
        const idempotency = key === undefined ? key : idempotencyOf(key, 'submitJob', body)
        const origin = { tenant, idempotency, traceparent: room.traceparentOf(request) }
        return room.jobs.submit(room.jobs.draft(jobRequest(body, origin), newId()), source)
      }
      const submitted = tenant === null ? submit() : room.objectAccess.checkSource(tenant, source).then(submit)
      return submitted.then(({ job, replayed }) => answerSubmit(room, request, reply, job, replayed))
    },
  })
}

/** Answers a submit, whatever way it came: at once, or after `Prefer: wait=N` with the job itself. */
export function answerSubmit(
  room: Room,
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  replayed: boolean,
): unknown {
  reply.code(202).header('location', `${room.basePath}/jobs/${job.id}`)
  if (replayed) reply.header('idempotency-replayed', 'true')
  const { prefer } = request.headers
  // A preference may be passed over, and is where the caller may submit jobs but not read them.
  const waits = prefer !== undefined && room.callerOf(request).scopes.includes('read')
  const waitSeconds = waits ? preferredWait(prefer) : undefined
  return waitSeconds === undefined ? viewSubmitted(job) : answerAfterWait(room, reply, job, waitSeconds)
}

async function answerAfterWait(room: Room, reply: FastifyReply, job: Job, waitSeconds: number): Promise<unknown> {
  using hold = room.holds.hold(reply)
  const after = (await room.feed.waitForEnd(job.id, waitSeconds * 1000, hold.signal)) ?? job
  reply.header('preference-applied', `wait=${waitSeconds}`)
  if (isFinal(after.state)) reply.code(200)
  return viewJob(after, room.clock.now(), room.basePath)
}

function manifestSource(body: z.output<typeof SubmitJob>, limits: ManifestLimits): ManifestSource {
  if (body.manifest_inline) {
    return { files: checkManifestEntries(body.manifest_inline.files, limits, '/manifest_inline/files') }
  }
  const uri = body.manifest_uri ?? ''
  checkManifestUri(uri, limits)
  return { uri }
}
