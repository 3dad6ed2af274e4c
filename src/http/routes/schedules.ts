import type { FastifyReply, FastifyRequest } from 'fastify'
import { SubmittedJob } from '../../contract/job.ts'
import {
  CreateSchedule,
  ListSchedules,
  PutSchedule,
  ScheduleOwner,
  SchedulePath,
  Schedule as ScheduleSchema,
} from '../../contract/schedule.ts'
import type { Schedule } from '../../engine/schedule-records.ts'
import type { ScheduleKey } from '../../schedule/schedules.ts'
import { idempotencyKeyOf } from '../idempotency-key.ts'
import { viewSubmitted } from '../job-view.ts'
import { nextLink } from '../next-link.ts'
import { describe, empty, json, type Room, type Routes, routeOf } from '../room.ts'
import { viewSchedule } from '../schedule-view.ts'

/** How many ticks to come are told. */
const TICKS_TOLD = 3

/** Reading schedules, and what a person can do with them. */
export const scheduleRoutes: Routes = (app, room) => {
  const named = { params: SchedulePath, querystring: ScheduleOwner }
  const { schedules } = room

  app.route({
    ...routeOf('createSchedule', room),
    schema: describe('createSchedule', {
      querystring: ScheduleOwner,
      body: CreateSchedule,
      response: {
        201: json('The schedule', ScheduleSchema),
        200: json('A schedule just like it that is there already', ScheduleSchema),
      },
    }),
    handler: async (request, reply) => {
      const { name, ...given } = request.body
      return answerKept(room, reply, await schedules.create(keyOf(room, request, name), given))
    },
  })

  app.route({
    ...routeOf('putSchedule', room),
    schema: describe('putSchedule', {
      ...named,
      body: PutSchedule,
      response: {
        201: json('The schedule, which is new', ScheduleSchema),
        200: json('The schedule, which was there', ScheduleSchema),
      },
    }),
    handler: async (request, reply) =>
      answerKept(room, reply, await schedules.put(keyOf(room, request, request.params.name), request.body)),
  })

  app.route({
    ...routeOf('listSchedules', room),
    schema: describe('listSchedules', {
      querystring: ListSchedules,
      response: {
        200: json('Schedules; the next page is in the header `Link: …; rel="next"`', ScheduleSchema.array()),
      },
    }),
    handler: async (request, reply) => {
      const { limit, cursor, tenant: asked } = request.query
      const tenant = room.callerOf(request).tenant ?? asked
      const page = await schedules.list({
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(tenant !== undefined && { tenant }),
      })
      if (page.next !== null) reply.header('link', nextLink(room.basePath, request.url, page.next))
      return Promise.all(page.items.map((schedule) => view(room, schedule)))
    },
  })

  app.route({
    ...routeOf('getSchedule', room),
    schema: describe('getSchedule', { ...named, response: { 200: json('The schedule', ScheduleSchema) } }),
    handler: async (request) => view(room, await schedules.get(keyOf(room, request, request.params.name))),
  })

  app.route({
    ...routeOf('pauseSchedule', room),
    schema: describe('pauseSchedule', { ...named, response: { 200: json('The schedule, paused', ScheduleSchema) } }),
    handler: async (request) => view(room, await schedules.pause(keyOf(room, request, request.params.name))),
  })

  app.route({
    ...routeOf('resumeSchedule', room),
    schema: describe('resumeSchedule', {
      ...named,
      response: { 200: json('The schedule, which fires', ScheduleSchema) },
    }),
    handler: async (request) => view(room, await schedules.resume(keyOf(room, request, request.params.name))),
  })

  app.route({
    ...routeOf('runSchedule', room),
    schema: describe('runSchedule', { ...named, response: { 202: json('The job is on disk', SubmittedJob) } }),
    handler: async (request, reply) => {
      const key = keyOf(room, request, request.params.name)
      const origin = { idempotencyKey: idempotencyKeyOf(request), traceparent: room.traceparentOf(request) }
      const { job, replayed } = await schedules.run(key, origin)
      reply.code(202).header('location', `${room.basePath}/jobs/${job.id}`)
      if (replayed) reply.header('idempotency-replayed', 'true')
      return viewSubmitted(job)
    },
  })

  app.route({
    ...routeOf('deleteSchedule', room),
    schema: describe('deleteSchedule', { ...named, response: { 204: empty('The schedule is gone; its jobs stay') } }),
    handler: async (request, reply) => {
      await schedules.delete(keyOf(room, request, request.params.name))
      return reply.code(204).send()
    },
  })
}

/** A caller with a tenant has that tenant's schedules alone; to one without, a name is that of no tenant unless it says whose. */
function keyOf(
  room: Room,
  request: FastifyRequest<{ Querystring: { tenant?: string | undefined } }>,
  name: string,
): ScheduleKey {
  return { tenant: room.callerOf(request).tenant ?? request.query.tenant ?? null, name }
}

async function answerKept(
  room: Room,
  reply: FastifyReply,
  { schedule, created }: { schedule: Schedule; created: boolean },
) {
  const shown = await view(room, schedule)
  reply.code(created ? 201 : 200).header('location', shown.links.self)
  return shown
}

async function view({ schedules, jobs, basePath }: Room, schedule: Schedule) {
  const last = schedule.lastFire && (await jobs.find(schedule.lastFire.jobId))
  const nextTicks = schedules.nextTicks(schedule, TICKS_TOLD)
  return viewSchedule(schedule, { nextTicks, lastState: last?.state ?? null }, basePath)
}
