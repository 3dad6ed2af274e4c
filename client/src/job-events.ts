import { JobEvent as JobEventSchema } from '../../src/contract/job.ts'
import { parseJson } from './answers.ts'
import { ApiError, aboutJob } from './errors.ts'
import { bodyOfStream, MAX_EVENT_CHARS, SILENCE_MS } from './event-body.ts'
import { piecesOf } from './pieces.ts'
import { mayPass, waitMs } from './retry-policy.ts'
import { EventStreamParser, type ServerSentEvent } from './server-sent-events.ts'
import { jobIdOf } from './service-paths.ts'
import type { JobEvent, JobStatus } from './shapes.ts'
import { sleep } from './stop.ts'
import { type CallOptions, limitOf, type Transport } from './transport.ts'

/** How to follow a job's events. */
export interface EventOptions extends CallOptions {
  /** Only what came after the event of this id. Default 0: from the first. */
  readonly after?: number
}

/** How to follow events where changes can be learnt in another way too. */
interface FollowOptions extends EventOptions {
  /** How often a stream is tried until one begins, and how long its first byte may take, in ms. As the retry policy says unless given. */
  readonly opening?: { readonly tries: number; readonly tryTimeoutMs: number }
}

/** The longest wait before coming back that a stream may ask for, in ms. */
const MAX_RETRY_MS = 60_000

const FINAL: ReadonlySet<JobStatus> = new Set(['completed', 'failed', 'cancelled'])

/** Whether a job of this status is over; only a person's retry moves it on. */
export function isFinal(status: JobStatus | undefined): boolean {
  return status !== undefined && FINAL.has(status)
}

/**
 * Every event of a job, in order and once, up to the one that ends it. A stream that breaks is taken up where it broke, as
 * often as it takes; only all tries of the retry policy in a row without one byte end it.
 */
export async function* jobEvents(
  transport: Transport,
  jobPath: string,
  { after = 0, opening, ...options }: FollowOptions,
): AsyncGenerator<JobEvent, void> {
  const limit = limitOf(options)
  const course: Course = { ...AT_FIRST, lastId: after }
  const path = `${jobPath}/events`
  try {
    for (;;) {
      let failure: unknown
      try {
        yield* connect(transport, path, course, limit.signal, course.begun ? undefined : opening?.tryTimeoutMs)
      } catch (caught) {
        failure = caught
        limit.signal.throwIfAborted()
        const tries = (course.begun ? undefined : opening?.tries) ?? transport.retry.tries
        if (!mayPass(failure) || course.failed >= tries) throw failure
      }
      if (course.isOver) return
      // Asked at once whether a final event was the last one: it is unless the job has been retried since.
      const endHeard = isFinal(course.status) && course.idle === 0
      const pauseMs = Math.max(course.retryMs, waitMs(transport.retry, course.idle, failure))
      if (!endHeard) await sleep(pauseMs, limit.signal)
    }
  } catch (failure) {
    throw aboutJob(jobIdOf(jobPath), failure)
  } finally {
    limit.release()
  }
}

/** How far the reading of a job's events has come, over all connections. */
interface Course {
  lastId: number
  /** The job's status after the last event. */
  status: JobStatus | undefined
  isOver: boolean
  /** Whether a stream has ever begun. */
  begun: boolean
  /** Connections since the last event. */
  idle: number
  /** Connections since the last byte. */
  failed: number
  /** How long the service asks to wait before coming back, in ms. */
  retryMs: number
}

const AT_FIRST = { status: undefined, isOver: false, begun: false, idle: 0, failed: 0, retryMs: 0 }

/** Reads one connection to its end. */
async function* connect(
  transport: Transport,
  path: string,
  course: Course,
  signal: AbortSignal,
  tryTimeoutMs = transport.retry.tryMs,
): AsyncGenerator<JobEvent, void> {
  const before = course.lastId
  course.idle += 1
  course.failed += 1
  const headers = { accept: 'text/event-stream', ...(before > 0 && { 'last-event-id': String(before) }) }
  const request = { headers, signal, tryTimeoutMs, silenceMs: SILENCE_MS, once: true }
  const body = await transport.ask(path, request, bodyOfStream)
  if (body !== null) yield* readStream(body, course)
  // A job that is over has nothing to add to an id that is its last.
  course.isOver = body === null || (isFinal(course.status) && course.lastId === before)
}

async function* readStream(body: ReadableStream<Uint8Array>, course: Course): AsyncGenerator<JobEvent, void> {
  const parser = new EventStreamParser()
  for await (const bytes of piecesOf(body)) {
    course.begun = true
    course.failed = 0
    for (const each of parser.push(bytes)) {
      const event = readEvent(each)
      course.status = event.status
      // Whoever stands between and forgets where we were does not make us tell anything twice.
      if (event.id <= course.lastId) continue
      course.lastId = event.id
      course.idle = 0
      yield event
    }
    if (parser.heldChars > MAX_EVENT_CHARS) throw unexpected(`an event of more than ${MAX_EVENT_CHARS} characters`)
    course.retryMs = Math.min(parser.retryMs ?? course.retryMs, MAX_RETRY_MS)
  }
}

function readEvent({ id, data }: ServerSentEvent): JobEvent {
  const event = JobEventSchema.safeParse(parseJson(data))
  if (event.success && /^\d{1,15}$/.test(id)) return { ...event.data, id: Number(id) }
  throw unexpected(data.slice(0, 200), event.error)
}

function unexpected(what: string, cause?: unknown): ApiError {
  const message = `An event of a job was expected, and this came: ${what}`
  return new ApiError({ code: 'UNEXPECTED_ANSWER', message, status: 200, cause })
}
