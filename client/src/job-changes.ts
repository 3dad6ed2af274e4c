import { JobChange as JobChangeSchema } from '../../src/contract/activity.ts'
import { parseJson } from './answers.ts'
import { ApiError } from './errors.ts'
import { bodyOfStream, MAX_EVENT_CHARS, SILENCE_MS } from './event-body.ts'
import { piecesOf } from './pieces.ts'
import { mayPass, waitMs } from './retry-policy.ts'
import { EventStreamParser, type ServerSentEvent } from './server-sent-events.ts'
import type { JobChange } from './shapes.ts'
import { sleep } from './stop.ts'
import { type CallOptions, limitOf, type Transport } from './transport.ts'

/** What is heard of all jobs of a service. */
export type ChangeNews =
  /** From now on changes are heard; read anew what is shown, as some may have been missed. */
  | { readonly type: 'opened' }
  /** A job changed, and is so now. */
  | { readonly type: 'changed'; readonly job: JobChange }
  /** More jobs changed than are told one by one. */
  | { readonly type: 'more' }

/**
 * Changes of all jobs that the caller may see, for ever. A stream that breaks is opened again; only all tries of the retry
 * policy in a row without one byte end it.
 */
export async function* jobChanges(transport: Transport, options: CallOptions): AsyncGenerator<ChangeNews, void> {
  const limit = limitOf(options)
  const course = { failed: 0 }
  try {
    for (;;) {
      let failure: unknown
      try {
        yield* connect(transport, course, limit.signal)
      } catch (caught) {
        failure = caught
        limit.signal.throwIfAborted()
        if (!mayPass(failure) || course.failed >= transport.retry.tries) throw failure
      }
      await sleep(waitMs(transport.retry, course.failed, failure), limit.signal)
    }
  } finally {
    limit.release()
  }
}

async function* connect(
  transport: Transport,
  course: { failed: number },
  signal: AbortSignal,
): AsyncGenerator<ChangeNews, void> {
  course.failed += 1
  const headers = { accept: 'text/event-stream' }
  const tryTimeoutMs = transport.retry.tryMs
  const body = await transport.ask(
    'events',
    { headers, signal, tryTimeoutMs, silenceMs: SILENCE_MS, once: true },
    bodyOfStream,
  )
  if (body === null) return
  const parser = new EventStreamParser()
  for await (const bytes of piecesOf(body)) {
    course.failed = 0
    for (const each of parser.push(bytes)) yield* newsOf(each)
    if (parser.heldChars > MAX_EVENT_CHARS) throw unexpected(`an event of more than ${MAX_EVENT_CHARS} characters`)
  }
}

/** Events of other types belong to later versions of the service. */
function* newsOf({ type, data }: ServerSentEvent): Generator<ChangeNews, void> {
  if (type === 'stream.opened') yield { type: 'opened' }
  if (type === 'jobs.changed') yield { type: 'more' }
  if (type !== 'job.changed') return
  const job = JobChangeSchema.safeParse(parseJson(data))
  if (!job.success) throw unexpected(data.slice(0, 200), job.error)
  yield { type: 'changed', job: job.data }
}

function unexpected(what: string, cause?: unknown): ApiError {
  const message = `A change of a job was expected, and this came: ${what}`
  return new ApiError({ code: 'UNEXPECTED_ANSWER', message, status: 200, cause })
}
