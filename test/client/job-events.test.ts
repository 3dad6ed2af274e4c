import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { JobClient, type JobEvent } from '@longshore/client'
import fc from 'fast-check'
import { jobEvents } from '../../client/src/job-events.ts'
import { Transport } from '../../client/src/transport.ts'
import { openGate } from '../support/gate.ts'
import { openTestService } from '../support/test-service.ts'
import { submitted } from '../support/wire.ts'
import { JOB_ID } from './job-body.ts'
import { rawServer } from './raw-server.ts'

const QUICK = { baseMs: 0, capMs: 0 }

describe('the events of a job', () => {
  test('are told from the first to the final one, which ends them', async () => {
    await using service = await openTestService()
    const client = new JobClient({ url: await service.listen(), retry: QUICK })
    const id = await submitted(service.app)
    const heard = collect(client.jobEvents(id))
    const lease = await service.claim()
    await service.jobs.save(lease, { progress: { stage: 'processing', percent: 50 } })
    await service.settle(lease, { type: 'completed', result: null, outputs: [] })
    const events = await heard
    assert.deepEqual(
      events.map(({ id, type, status, percent }) => [id, type, status, percent]),
      [
        [1, 'job.queued', 'queued', undefined],
        [2, 'job.started', 'processing', undefined],
        [3, 'job.progressed', 'processing', 50],
        [4, 'job.completed', 'completed', undefined],
      ],
    )
    assert.deepEqual(await collect(client.jobEvents(id, { after: 2 })), events.slice(2))
    assert.deepEqual(await collect(client.jobEvents(id, { after: 4 })), [])
  })

  test('go on behind a final one when the job was retried since', async () => {
    await using service = await openTestService()
    const client = new JobClient({ url: await service.listen(), retry: QUICK })
    const id = await submitted(service.app)
    await client.cancelJob(id)
    await client.retryJob(id)
    await client.cancelJob(id)
    assert.deepEqual(
      (await collect(client.jobEvents(id))).map(({ type }) => type),
      ['job.queued', 'job.cancelled', 'job.requeued', 'job.cancelled'],
    )
  })

  test('go on where they broke off, through an outage of the network', async () => {
    await using service = await openTestService()
    await using gate = await openGate(await service.listen())
    const id = await submitted(service.app)
    const lease = await service.claim()
    const events = streamOf(gate.endpoint, { tries: 1000, ...QUICK, capMs: 5, baseMs: 5 }, id)
    const seen: number[] = []
    for await (const event of events) {
      seen.push(event.id)
      if (event.id === 2) await gate.shut()
      if (event.id === 2) await service.jobs.save(lease, { progress: { stage: 'processing', percent: 50 } })
      if (event.id === 2) await gate.open()
      if (event.id === 3) await service.settle(lease, { type: 'completed', result: null, outputs: [] })
    }
    assert.deepEqual(seen, [1, 2, 3, 4])
  })

  test('are the same whatever byte the connections break at', async () => {
    const frames = [1, 2, 3, 4].map((id) => frame(id, id === 4 ? 'completed' : 'processing', `${id} é漢🚢`))
    const expected = [1, 2, 3, 4].map((id) => [id, `${id} é漢🚢`])
    const length = Buffer.byteLength(frames.join(''))
    const cuts = fc.array(fc.record({ at: fc.nat(length), clean: fc.boolean() }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(cuts, async (left) => {
        const remaining = [...left]
        await using server = await rawServer((request, response) => {
          replay(request, response, frames, remaining.shift())
        })
        const events = await collect(streamOf(server.url, { ...QUICK, tries: 20 }))
        assert.deepEqual(
          events.map(({ id, message }) => [id, message]),
          expected,
        )
      }),
      { numRuns: 60 },
    )
  })

  test('are told once when what stands between forgets where we were', async () => {
    const frames = [frame(1, 'queued'), frame(2, 'processing'), frame(3, 'completed')]
    let connection = 0
    await using server = await rawServer((_, response) => {
      connection += 1
      stream(response)
      response.end(frames.slice(0, connection).join(''))
    })
    const events = await collect(streamOf(server.url))
    assert.deepEqual(
      events.map(({ id }) => id),
      [1, 2, 3],
    )
    assert.equal(connection, 4, 'one more, that added nothing to the final event')
  })

  test('tell of a job that is not there', async () => {
    await using service = await openTestService()
    const client = new JobClient({ url: await service.listen() })
    await assert.rejects(collect(client.jobEvents(JOB_ID)), { name: 'JobNotFoundError', code: 'JOB_NOT_FOUND' })
  })

  test('end after all tries in a row that brought nothing, not after so many in all', async () => {
    let connection = 0
    await using server = await rawServer((request, response) => {
      connection += 1
      // Of three connections the first two fail; a comment is as good as an event.
      if (connection % 3 !== 0 || connection > 12) return void request.socket.destroy()
      stream(response)
      response.write(': alive\n\n', () => request.socket.destroy())
    })
    await assert.rejects(collect(streamOf(server.url, { ...QUICK, tries: 4 })), { code: 'UNREACHABLE' })
    assert.equal(connection, 16)
  })

  test('end with the reason of the signal, at once, and leave no connection', async () => {
    await using server = await rawServer((_, response) => {
      stream(response)
      response.write(frame(1, 'queued'))
    })
    const stop = new AbortController()
    const events = new JobClient({ url: server.url }).jobEvents(JOB_ID, { signal: stop.signal })
    await events.next()
    const next = events.next()
    stop.abort(new Error('gone home'))
    await assert.rejects(next, /gone home/)
    await none(server.connections)
  })

  test('leave no connection when their reader has enough', async () => {
    await using server = await rawServer((_, response) => {
      stream(response)
      response.write(frame(1, 'queued'))
    })
    for await (const { id } of new JobClient({ url: server.url }).jobEvents(JOB_ID)) if (id === 1) break
    await none(server.connections)
  })

  test('end after the time limit of the call', async () => {
    await using server = await rawServer((_, response) => stream(response))
    const events = new JobClient({ url: server.url }).jobEvents(JOB_ID, { timeoutMs: 20 })
    await assert.rejects(collect(events), { name: 'NetworkError', code: 'TIMED_OUT' })
  })

  test('are looked for on another connection when one is silent for three heartbeats', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const begun = Promise.withResolvers<void>()
    let connection = 0
    await using server = await rawServer((request, response) => {
      connection += 1
      if (connection === 1) stream(response)
      if (connection === 1) response.write(': alive\n\n', () => begun.resolve())
      else replay(request, response, [frame(1, 'completed')])
    })
    const heard = collect(streamOf(server.url))
    await begun.promise
    let settled = false
    heard.finally(() => {
      settled = true
    })
    // The client waits by timers of which we do not see when they are set: turn by turn, until it has come back.
    let passedMs = 0
    while (connection === 1) {
      await new Promise(setImmediate)
      t.mock.timers.tick(1000)
      passedMs += 1000
    }
    assert.ok(passedMs >= 45_000 && passedMs < 60_000, `came back after ${passedMs} ms`)
    while (!settled) {
      await new Promise(setImmediate)
      t.mock.timers.tick(100)
    }
    assert.equal((await heard).length, 1)
  })

  for (const [what, answer] of [
    ['that refuses and names a time', () => new Response(null, { status: 503, headers: { 'retry-after': '60' } })],
    ['that breaks off and asks for an hour, of which a minute is granted', () => retryAfterAnHour()],
  ] as const) {
    test(`are not looked for sooner than is asked by a stream ${what}`, async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      let asked = 0
      const fetch = async (): Promise<Response> => (++asked === 1 ? answer() : new Response(null, { status: 204 }))
      const ended = collect(jobEvents(new Transport({ url: 'http://host', fetch }), `jobs/${JOB_ID}`, {}))
      await turns()
      t.mock.timers.tick(59_999)
      await turns()
      assert.equal(asked, 1)
      t.mock.timers.tick(1)
      assert.deepEqual(await ended, [])
    })
  }

  test('are refused clearly by what is no stream', async () => {
    await using server = await rawServer((_, response) => response.setHeader('content-type', 'text/html').end('<html>'))
    await assert.rejects(collect(streamOf(server.url)), { code: 'UNEXPECTED_ANSWER' })
  })
})

function streamOf(url: string, retry: object = QUICK, id = JOB_ID): AsyncGenerator<JobEvent, void> {
  // The service asks to wait 2 s before coming back; a test need not.
  return jobEvents(new Transport({ url, retry, fetch: withoutRetry }), `jobs/${id}`, {})
}

async function withoutRetry(...request: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(...request)
  const strip = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, controller) =>
      controller.enqueue(
        Buffer.from(
          Buffer.from(piece)
            .toString('latin1')
            .replace(/^retry: .*\n/m, ''),
          'latin1',
        ),
      ),
  })
  return Object.defineProperty(new Response(response.body?.pipeThrough(strip) ?? null, response), 'url', {
    value: response.url,
  })
}

async function collect(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  const all: JobEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

function frame(id: number, status: string, message = ''): string {
  const data = { job_id: JOB_ID, type: 'job.progressed', status, at: '2026-01-01T00:00:00.000Z', message }
  return `id: ${id}\nevent: job.progressed\ndata: ${JSON.stringify(data)}\n\n`
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.flushHeaders()
}

/** Answers what follows the last event heard, as the service does, and breaks off at a byte: as an end or as a failure. */
function replay(
  request: IncomingMessage,
  response: ServerResponse,
  frames: readonly string[],
  cut?: { at: number; clean: boolean },
): void {
  const heard = Number(request.headers['last-event-id'] ?? 0)
  if (heard === frames.length) return void response.writeHead(204).end()
  if (!response.headersSent) stream(response)
  const bytes = Buffer.from(frames.slice(heard).join(''))
  if (cut === undefined || cut.clean) return void response.end(bytes.subarray(0, cut?.at))
  if (cut.at === 0) return void request.socket.destroy()
  response.write(bytes.subarray(0, cut.at), () => request.socket.destroy())
}

function retryAfterAnHour(): Response {
  return new Response('retry: 3600000\n\n', { headers: { 'content-type': 'text/event-stream' } })
}

/** Lets everything happen that waits for no timer. */
async function turns(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise(setImmediate)
}

async function none(connections: () => Promise<number>): Promise<void> {
  while ((await connections()) > 0) await new Promise(setImmediate)
}
