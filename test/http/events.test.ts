import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { JobEvent } from '../../src/contract/job.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { connectRaw } from '../support/raw-socket.ts'
import { openTestService } from '../support/test-service.ts'
import { assertProblem, submitted } from '../support/wire.ts'

interface Heard {
  id: number
  event: string
  data: Record<string, unknown>
}

function parse(stream: string): Heard[] {
  return [...stream.matchAll(/^id: (\d+)\nevent: (\S+)\ndata: (.*)\n\n/gm)].map(([, id, event = '', data = '']) => ({
    id: Number(id),
    event,
    data: JobEvent.parse(JSON.parse(data)),
  }))
}

test('the stream replays what was, goes on live and ends after the final event', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const id = await submitted(service.app)
  const lease = await service.claim()
  const stream = await fetch(`${url}/jobs/${id}/events`)
  assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const whole = stream.text()
  await service.jobs.save(lease, { progress: { stage: 'processing', percent: 50 } })
  await service.settle(lease, { type: 'completed', result: null, outputs: [] })
  const text = await whole
  assert.match(text, /^retry: \d+\n\n/)
  const heard = parse(text)
  assert.deepEqual(
    heard.map(({ event }) => event),
    ['job.queued', 'job.started', 'job.progressed', 'job.completed'],
  )
  assert.deepEqual(
    heard.map((event) => event.id),
    heard.map((_, i) => i + 1),
  )
  assert.ok(heard.every(({ event, data }) => data.job_id === id && data.type === event))

  const rest = await fetch(`${url}/jobs/${id}/events`, { headers: { 'last-event-id': '2' } })
  assert.deepEqual(parse(await rest.text()), heard.slice(2))
  const over = await fetch(`${url}/jobs/${id}/events`, { headers: { 'last-event-id': '4' } })
  assert.equal(over.status, 204, 'an EventSource that heard the end must not come back')
})

test('a reader who claims to have heard what was not yet is told what follows', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const id = await submitted(service.app)
  const stream = await fetch(`${url}/jobs/${id}/events`, { headers: { 'last-event-id': '999' } })
  await service.jobs.cancel(id)
  assert.deepEqual(
    parse(await stream.text()).map(({ event }) => event),
    ['job.cancelled'],
  )
  for (const garbage of ['', '-1', '1e3', '9'.repeat(20)]) {
    const answer = await fetch(`${url}/jobs/${id}/events`, { headers: { 'last-event-id': garbage } })
    assert.equal(parse(await answer.text()).length, 2, garbage)
  }
})

test('an event stream has no HEAD, and the refusal says so', async () => {
  await using service = await openTestService()
  const answer = await service.app.inject({ method: 'HEAD', url: `/jobs/${await submitted(service.app)}/events` })
  assert.deepEqual([answer.statusCode, answer.headers.allow], [405, 'GET'])
})

test('a silent stream is kept alive by comments', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const url = await service.listen()
  const id = await submitted(service.app)
  const abort = new AbortController()
  const stream = await fetch(`${url}/jobs/${id}/events`, { signal: abort.signal })
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (!text.includes('job.queued')) text += Buffer.from((await reader.read()).value ?? []).toString()
  for (let beats = 0; beats < 2; beats++) {
    clock.advance(15_000)
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), ': alive\n\n')
    await new Promise(setImmediate)
  }
  abort.abort()
})

test('a reader who goes away is no longer heard for', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const url = await service.listen()
  const id = await submitted(service.app)
  const idle = clock.pending
  const { socket, heard } = connectRaw(url)
  socket.write(`GET /jobs/${id}/events HTTP/1.1\r\nHost: x\r\n\r\n`)
  while (!heard().includes('job.queued')) await once(socket, 'data')
  socket.write('')
  assert.equal(clock.pending, idle + 1, 'the heartbeat')
  socket.destroy()
  while (clock.pending > idle) await new Promise(setImmediate)
})

test('a job that is not there has no stream', async () => {
  await using service = await openTestService()
  assertProblem(await service.app.inject({ url: '/jobs/none/events' }), 'JOB_NOT_FOUND')
})
