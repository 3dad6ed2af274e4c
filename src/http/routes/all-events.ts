import type { z } from 'zod'
import { clip } from '../../base/clip.ts'
import { JobChange } from '../../contract/activity.ts'
import type { JobGlance } from '../../engine/activity.ts'
import type { Pulse } from '../../engine/change-feed.ts'
import { sendEventStream } from '../event-stream.ts'
import { timestamp } from '../job-view.ts'
import { describe, type Routes, routeOf } from '../room.ts'

/** Of texts that may be long only so much is told: the job itself has the rest. */
const LONGEST = 200

/** Following all jobs by server-sent events. */
export const allEvents: Routes = (app, room) => {
  app.route({
    ...routeOf('allEvents', room),
    exposeHeadRoute: false,
    schema: describe('allEvents', {
      response: {
        200: {
          description:
            '`stream.opened` at first, then `job.changed` with each job that changed, twice a second at most however often ' +
            'it did, and `jobs.changed` where more did than are told. Nothing is replayed and `Last-Event-ID` is not heard: ' +
            'whoever shows jobs reads them after each `stream.opened`',
          content: { 'text/event-stream': { schema: JobChange } },
        },
      },
    }),
    handler: async (request, reply) => {
      const hold = room.holds.hold(reply)
      const { tenant } = room.callerOf(request)
      const opened = `event: stream.opened\ndata: ${JSON.stringify({ at: timestamp(room.clock.now()) })}\n\n`
      return sendEventStream(reply, framesOf(room.changes.follow(tenant, hold.signal), opened), { ...room, hold })
    },
  })
}

async function* framesOf(pulses: AsyncIterable<Pulse>, opened: string): AsyncGenerator<string, void> {
  yield opened
  for await (const { jobs, more } of pulses) {
    yield jobs.map(frameOf).join('') + (more ? 'event: jobs.changed\ndata: {}\n\n' : '')
  }
}

/** What many readers are told is written once. */
const frames = new WeakMap<JobGlance, string>()

function frameOf(job: JobGlance): string {
  const known = frames.get(job)
  if (known !== undefined) return known
  const frame = `event: job.changed\ndata: ${JSON.stringify(viewChange(job))}\n\n`
  frames.set(job, frame)
  return frame
}

function viewChange(job: JobGlance): z.output<typeof JobChange> {
  const { stage, percent, message } = job.progress
  return {
    job_id: job.id,
    tenant: job.tenant,
    status: job.state,
    at: timestamp(job.updatedAt),
    created_at: timestamp(job.createdAt),
    started_at: instant(job.startedAt),
    completed_at: instant(job.completedAt),
    cancel_requested_at: instant(job.cancelRequestedAt),
    attempt: job.attempt,
    worker: job.worker,
    stage: clip(stage, LONGEST),
    percent: typeof percent === 'number' ? percent : null,
    message: typeof message === 'string' ? clip(message, LONGEST) : null,
    error: job.error === null ? null : clip(job.error, LONGEST),
  }
}

function instant(ms: number | null): string | null {
  return ms === null ? null : timestamp(ms)
}
