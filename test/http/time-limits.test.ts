import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ManualClock } from '../support/manual-clock.ts'
import { connectRaw, converse } from '../support/raw-socket.ts'
import { everythingStored, nothingWritten, openTestService } from '../support/test-service.ts'
import { post } from '../support/wire.ts'

/** Small enough that a test ends soon, large enough that a busy machine is not taken for a slow client. */
const LIMITS = { requestTimeoutMs: 200 }

test('headers that do not arrive in time are answered 408', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const answer = await converse(await service.listen(), ['GET /health HTTP/1.1\r\nHost: x\r\n'])
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.match(answer, /REQUEST_TIMEOUT/)
})

test('a JSON body that does not arrive in time is answered 408, however it trickles', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const { socket, closed } = connectRaw(await service.listen())
  socket.write('POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{')
  const trickle = setInterval(() => socket.write(' '), 20)
  const answer = await closed
  clearInterval(trickle)
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.match(answer, /connection: close/i)
  assert.match(answer, /REQUEST_TIMEOUT/)
  assert.ok(await nothingWritten(service))
})

test('a body that no route reads holds no connection open either', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const url = await service.listen()
  const rest = 'HTTP/1.1\r\nHost: x\r\n'
  for (const line of ['GET /healthz', 'HEAD /jobs', 'GET /docs', 'GET /nowhere', 'POST /jobs/x/cancel']) {
    for (const body of ['Content-Length: 10\r\n\r\n1', 'Transfer-Encoding: chunked\r\n\r\n1\r\nx']) {
      assert.match(await converse(url, [`${line} ${rest}${body}`]), /^HTTP\/1\.1 \d{3} /, line)
    }
  }
})

test('an upload form that stands still, in or between its files, is ended and nothing of it stays', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const url = await service.listen()
  const head =
    'POST /ingest/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n'
  const file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.dat"\r\n\r\nhello'
  for (const body of ['', file, `${file}\r\n--b\r\n`]) {
    const answer = await converse(url, [head + body])
    assert.match(answer, /^HTTP\/1\.1 408 /, body)
  }
  assert.ok(await nothingWritten(service))
})

test('a part that trickles in slower than 1 KiB/s is ended and not kept', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const url = await service.listen()
  const start = await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 100_000 }] })
  const [file] = start.json().files
  const part = new URL(file.part_urls[0].url)
  const { socket, closed } = connectRaw(url)
  socket.write(`PUT ${part.pathname}${part.search} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`)
  const trickle = setInterval(() => socket.write('x'), 20)
  const answer = await closed
  clearInterval(trickle)
  assert.match(answer, /^HTTP\/1\.1 408 /)
  const state = await service.app.inject({ url: `/ingest/${start.json().job_id}` })
  assert.deepEqual(state.json().files[0].parts, [])
})

test('an upload that takes many times the limit goes on as long as bytes come', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const url = await service.listen()
  const start = await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 10_000 }] })
  const [file] = start.json().files
  const part = new URL(file.part_urls[0].url)
  const { socket, heard } = connectRaw(url)
  socket.write(`PUT ${part.pathname}${part.search} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n`)
  // 10 chunks of 1,000 bytes, one each 80 ms: four times the limit in all, ten times the least rate.
  let sent = 0
  const steady = setInterval(() => {
    socket.write('x'.repeat(1000))
    if (++sent === 10) clearInterval(steady)
  }, 80)
  while (!heard().includes('\r\n\r\n')) await once(socket, 'data')
  assert.match(heard(), /^HTTP\/1\.1 200 /)
  socket.destroy()
})

test('a client that goes away in an upload leaves nothing behind', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const { socket } = connectRaw(url)
  const head = 'POST /ingest/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n'
  const answered = new Promise<void>((resolve) => {
    service.app.server.once('request', (_request, response) => response.once('close', resolve))
  })
  socket.write(
    `${head}Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhi`,
  )
  await once(socket, 'connect')
  while (!(await everythingStored(service)).length) await new Promise(setImmediate)
  socket.destroy()
  await answered
  while (!(await nothingWritten(service))) await new Promise(setImmediate)
})

test('the rest of a refused body may still be sent, so that the client hears the refusal, but not for ever', async () => {
  await using service = await openTestService({ limits: LIMITS })
  const { socket, closed, heard } = connectRaw(await service.listen())
  socket.write('POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nContent-Length: 1000000\r\n\r\n')
  const trickle = setInterval(() => socket.write('x'), 20)
  await closed
  clearInterval(trickle)
  assert.match(heard(), /^HTTP\/1\.1 404 /)
})

test('a JSON body is the same, however its bytes come', async () => {
  await using service = await openTestService()
  const { socket, heard } = connectRaw(await service.listen())
  const body = JSON.stringify({ manifest_inline: { files: ['s3://longshore/é.dat'] } })
  const head = 'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  const whole = Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  const chunked = Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n3\r\n${body.slice(0, 3)}\r\n`)
  const rest = Buffer.from(body.slice(3))
  const lastChunk = Buffer.concat([Buffer.from(`${rest.length.toString(16)}\r\n`), rest, Buffer.from('\r\n0\r\n\r\n')])
  const pieces = [[whole], [whole, whole], [chunked, lastChunk], [Buffer.concat([chunked, lastChunk])]]
  for (let cut = whole.length - body.length - 3; cut < whole.length; cut++) {
    pieces.push([whole.subarray(0, cut), whole.subarray(cut)])
  }
  let jobs = 0
  for (const writes of pieces) {
    const isPipelined = writes.every((bytes) => bytes === whole)
    jobs += isPipelined ? writes.length : 1
    if (isPipelined) socket.write(Buffer.concat(writes))
    else
      for (const bytes of writes)
        await new Promise((sent) => socket.setNoDelay().write(bytes, () => setImmediate(sent)))
    while (count(heard(), 'HTTP/1.1 202 ') < jobs) await once(socket, 'data')
  }
  socket.destroy()
  const { items } = await service.jobs.list({ limit: 200 })
  assert.equal(items.length, jobs)
  assert.ok(items.every(({ manifest }) => JSON.stringify(manifest) === '{"files":[{"uri":"s3://longshore/é.dat"}]}'))
})

test('a body that is there is waited for no longer, accepted or refused', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const url = await service.listen()
  const before = clock.pending
  for (const body of ['{"manifest_inline":{"files":["s3://longshore/a"]}}', '{"manifest_inline":', '{"unknown":1}']) {
    const head = 'POST /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n'
    assert.match(await converse(url, [`${head}Content-Length: ${body.length}\r\n\r\n${body}`]), /^HTTP\/1\.1 [24]\d\d /)
    assert.equal(clock.pending, before, body)
  }
})

function count(text: string, part: string): number {
  return text.split(part).length - 1
}
