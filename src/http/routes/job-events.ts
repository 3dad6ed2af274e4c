import { once } from 'node:events'
import { PassThrough, type Writable } from 'node:stream'
import type { Clock, Timer } from '../../base/clock.ts'
import { every } from '../../base/clock.ts'
import { JobEvent as JobEventSchema, JobPath } from '../../contract/job.ts'
import type { JobEvent } from '../../job/event.ts'
import { isFinal } from '../../job/job.ts'
import type { Hold } from '../holds.ts'
import { viewEvent } from '../job-view.ts'
import { describe, empty, type Room, type Routes, routeOf } from '../room.ts'

/** Proxies cut connections that are silent for 30 or 60 s. */
const HEARTBEAT_MS = 15_000

/** How soon a client should come back after the connection broke. */
const RECONNECT_MS = 2_000

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
      reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store')
      return reply.header('x-accel-buffering', 'no').send(streamEvents(room, job.id, seq, room.holds.hold(reply)))
    },
  })
}

function streamEvents(room: Room, id: string, seq: number, hold: Hold): PassThrough {
  const stream = new PassThrough()
  stream.write(`retry: ${RECONNECT_MS}\n\n`)
  const heartbeat = beat(room.clock, stream)
  copyEvents(room.feed.follow(id, seq, hold.signal), stream, hold.signal)
    .catch((failure: Error) => stream.destroy(hold.signal.aborted ? undefined : failure))
    .finally(() => {
      heartbeat.cancel()
      hold[Symbol.dispose]()
      stream.end()
    })
  return stream
}

/** Waits for a slow reader: what it has not taken is not read from the feed. */
async function copyEvents(events: AsyncIterable<JobEvent>, stream: Writable, signal: AbortSignal): Promise<void> {
  for await (const event of events) {
    if (!stream.write(frame(event))) await once(stream, 'drain', { signal })
  }
}

function beat(clock: Clock, stream: Writable): Timer {
  const write = async (): Promise<void> => {
    if (!stream.writableNeedDrain) stream.write(': alive\n\n')
  }
  return every(clock, HEARTBEAT_MS, write, () => {})
}

function frame(event: JobEvent): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(viewEvent(event))}\n\n`
}

function lastEventId(header: string | string[] | undefined): number {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : 0
}
