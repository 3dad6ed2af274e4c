import { JobEvent as JobEventSchema, JobPath } from '../../contract/job.ts'
import type { JobEvent } from '../../job/event.ts'
import { isFinal } from '../../job/job.ts'
import { sendEventStream } from '../event-stream.ts'
import { viewEvent } from '../job-view.ts'
import { describe, empty, type Routes, routeOf } from '../room.ts'

/** Following a job by server-sent events. */
export const jobEvents: Routes = (app, room) => {
  app.route({
    ...routeOf('jobEvents', room),
    exposeHeadRoute: false,
    schema: describe('jobEvents', {
      params: JobPath,
      response: {
        200: {
          description: 'Every event after `Last-Event-ID`, from the first without it; ends after the final one',
          content: { 'text/event-stream': { schema: JobEventSchema } },
        },
        204: empty('The client has heard the final event: it should not come back'),
      },
    }),
    handler: async (request, reply) => {
      const heard = lastEventId(request.headers['last-event-id'])
      const job = await room.jobs.get(request.params.job_id)
      if (isFinal(job.state) && heard >= job.version) return reply.code(204).send()
      // Beyond the newest event, e.g. of a database that was since put back: what follows is sent all the same.
      const seq = Math.min(heard, job.version)
      const hold = room.holds.hold(reply)
      return sendEventStream(reply, framesOf(room.feed.follow(job.id, seq, hold.signal)), { ...room, hold })
    },
  })
}

async function* framesOf(events: AsyncIterable<JobEvent>): AsyncGenerator<string, void> {
  for await (const event of events) yield frame(event)
}

function frame(event: JobEvent): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(viewEvent(event))}\n\n`
}

function lastEventId(header: string | string[] | undefined): number {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : 0
}
