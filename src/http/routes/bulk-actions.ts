import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { BulkAnswer, CancelJobs, RetryJobs } from '../../contract/activity.ts'
import type { BulkAction } from '../../engine/bulk-actions.ts'
import { filterOf } from '../job-filter.ts'
import { describe, json, type Room, type Routes, routeOf } from '../room.ts'

const ANSWER = { 200: json('How many jobs it was about, and whether there are more', BulkAnswer) }

/** What a person can do to every job that a filter matches. */
export const bulkActions: Routes = (app, room) => {
  app.route({
    ...routeOf('cancelJobs', room),
    schema: describe('cancelJobs', { body: CancelJobs, response: ANSWER }),
    handler: (request, reply) => act(room, request, reply, request.body, { type: 'cancel' }),
  })

  app.route({
    ...routeOf('retryJobs', room),
    schema: describe('retryJobs', { body: RetryJobs, response: ANSWER }),
    handler: (request, reply) => {
      const failedFilesOnly = request.body.failed_files_only ?? false
      return act(room, request, reply, request.body, { type: 'retry', failedFilesOnly })
    },
  })
}

/** Stops after the batch at hand when the client goes away, or the service stops: what is left is for another request. */
async function act(
  room: Room,
  request: FastifyRequest,
  reply: FastifyReply,
  body: z.output<typeof CancelJobs>,
  action: BulkAction,
): Promise<z.output<typeof BulkAnswer>> {
  const filter = filterOf(body, room.callerOf(request), '')
  if (body.dry_run) return { matched: await room.bulk.count(action.type, filter), changed: 0, next: null }
  using hold = room.holds.hold(reply)
  return room.bulk.run(action, filter, body.cursor, hold.signal)
}
