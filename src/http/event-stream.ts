import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { every } from '../base/clock.ts'
import type { Hold } from './holds.ts'
import type { Room } from './room.ts'

/** Proxies cut connections that are silent for 30 or 60 s. As often it is asked whether the reader may stay. */
const HEARTBEAT_MS = 15_000

/** How soon a client should come back after the connection broke. */
const RECONNECT_MS = 2_000

/**
 * Answers with server-sent events until there are no more, the hold lets go, or the key that opened the stream is no longer
 * good. A slow reader is waited for: what it has not taken is not asked for.
 */
export function sendEventStream(
  reply: FastifyReply,
  frames: AsyncIterable<string>,
  { clock, mayStay, hold }: Pick<Room, 'clock' | 'mayStay'> & { hold: Hold },
): FastifyReply {
  const stream = new PassThrough()
  stream.write(`retry: ${RECONNECT_MS}\n\n`)
  const beat = async (): Promise<void> => {
    if (!mayStay(reply.request)) hold.letGo()
    else if (!stream.writableNeedDrain) stream.write(': alive\n\n')
  }
  const heartbeat = every(clock, HEARTBEAT_MS, beat, () => {})
  copy(frames, stream, hold.signal)
    .catch((failure: Error) => stream.destroy(hold.signal.aborted ? undefined : failure))
    .finally(() => {
      heartbeat.cancel()
      hold[Symbol.dispose]()
      stream.end()
    })
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store')
  return reply.header('x-accel-buffering', 'no').send(stream)
}

async function copy(frames: AsyncIterable<string>, stream: PassThrough, signal: AbortSignal): Promise<void> {
  for await (const frame of frames) {
    if (!stream.write(frame)) await once(stream, 'drain', { signal })
  }
}
