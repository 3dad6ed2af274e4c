import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { JobClient, LongshoreError } from '@longshore/client'
import { JOB_ID, jobBody } from './job-body.ts'
import { rawServer } from './raw-server.ts'
import { rejects } from './rejects.ts'
import { tinyServer } from './tiny-server.ts'

const QUICK = { baseMs: 0, capMs: 0 }
const MEBIBYTE = 1024 * 1024
const API_KEY = 'not-for-others'

describe('a redirect', () => {
  test('is not followed, so that a submit stays one and no key goes astray; the address it names is told', async () => {
    await using elsewhere = await tinyServer(() => ({ body: [] }))
    for (const status of [301, 302, 303, 307, 308]) {
      await using server = await tinyServer(() => ({
        status,
        headers: { location: `${elsewhere.url}/in?state=secret` },
      }))
      const client = new JobClient({ url: server.url, apiKey: API_KEY, retry: QUICK })
      const submit = client.submitJob({ manifest_uri: 's3://bucket/manifest.json' })
      await rejects(submit, { code: 'UNEXPECTED_ANSWER', status, message: new RegExp(`to ${elsewhere.url}/in,`) })
      assert.equal(server.received.length, 1)
    }
    assert.deepEqual(elsewhere.received, [])
  })

  test('that a browser hides is named too', async () => {
    const opaque = Object.defineProperties(new Response(null), {
      type: { value: 'opaqueredirect' },
      ok: { value: false },
      status: { value: 0 },
    })
    const client = new JobClient({ url: 'http://host', fetch: async () => opaque })
    await rejects(client.health(), {
      code: 'UNEXPECTED_ANSWER',
      message: /^http:\/\/host sends its callers on elsewhere/,
    })
  })

  test('of a store is followed, without the key', async () => {
    await using elsewhere = await tinyServer(() => ({ body: 'bytes' }))
    await using server = await tinyServer(() => ({ status: 307, headers: { location: elsewhere.url } }))
    const answer = await new JobClient({ url: server.url, apiKey: API_KEY }).download('/object')
    assert.equal(await answer.text(), 'bytes')
    for (const { headers } of [...server.received, ...elsewhere.received])
      assert.equal(headers.authorization, undefined)
  })
})

describe('an answer without end', () => {
  test('once unpacked is given up, and its connection with it', async () => {
    const bomb = gzipSync(Buffer.alloc(257 * MEBIBYTE), { level: 1 })
    await using server = await rawServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(bomb)
    })
    const client = new JobClient({ url: server.url, retry: QUICK })
    await rejects(client.health(), { code: 'UNEXPECTED_ANSWER', message: /more than 268435456 bytes/ })
    while ((await server.connections()) > 0) await new Promise(setImmediate)
  })

  test('is given up as an event, whether in one line or in many', async () => {
    for (const line of ['x'.repeat(65_536), `data: ${'x'.repeat(100)}\n`.repeat(500), 'data\n'.repeat(10_000)]) {
      await using server = await rawServer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const more = (): void => {
          while (response.write(line)) {}
        }
        response.on('drain', more)
        more()
      })
      const events = new JobClient({ url: server.url, retry: QUICK }).jobEvents(JOB_ID)
      await rejects(events.next(), {
        code: 'UNEXPECTED_ANSWER',
        jobId: JOB_ID,
        message: /more than 4194304 characters/,
      })
      while ((await server.connections()) > 0) await new Promise(setImmediate)
    }
  })
})

test('the longest progress a service keeps passes as an event', async () => {
  const event = {
    job_id: JOB_ID,
    type: 'job.completed',
    status: 'completed',
    at: '2026-01-01T00:00:00Z',
    long: 'é'.repeat(16_384),
  }
  await using server = await rawServer((request, response) => {
    if (request.headers['last-event-id'] === '1') return void response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`id: 1\ndata: ${JSON.stringify(event)}\n\n`)
  })
  for await (const { long } of new JobClient({ url: server.url, retry: QUICK }).jobEvents(JOB_ID))
    assert.equal(long, event.long)
})

test('a wait longer than any program bears is left to the program', async () => {
  await using server = await tinyServer(() => ({ status: 503, headers: { 'retry-after': '301' } }))
  await rejects(new JobClient({ url: server.url }).health(), {
    code: 'HTTP_503',
    retryAfterMs: 301_000,
    retryable: true,
  })
  assert.equal(server.received.length, 1)
})

test('a reader that fails is not taken for a network that fails', async () => {
  await using server = await tinyServer(() => ({ body: [], headers: { link: '<http://[>; rel="next"' } }))
  await assert.rejects(new JobClient({ url: server.url, retry: QUICK }).listJobs(), /^TypeError: Invalid URL/)
  assert.equal(server.received.length, 1)
})

test('pages are asked of the service alone, whatever their link says', async () => {
  await using elsewhere = await tinyServer(() => ({ body: [] }))
  const link = { link: `<${elsewhere.url}/jobs?cursor=2>; rel="next"` }
  await using server = await tinyServer(({ path }) => ({
    body: [jobBody('queued')],
    headers: path === '/jobs' ? link : {},
  }))
  const jobs = []
  for await (const job of new JobClient({ url: server.url, apiKey: API_KEY }).allJobs()) jobs.push(job)
  assert.equal(jobs.length, 2)
  assert.deepEqual([server.received[1]?.path, elsewhere.received.length], ['/jobs?cursor=2', 0])
})

describe('an id', () => {
  test('stays one part of the path, whatever is in it', async () => {
    await using server = await tinyServer(() => ({ status: 404 }))
    const client = new JobClient({ url: server.url })
    for (const id of ['../keys', '..%2F', 'a/../b', '?x', '#', '...']) {
      await assert.rejects(client.deleteJob(id))
      assert.equal(server.received.at(-1)?.path, `/jobs/${encodeURIComponent(id)}`)
    }
  })

  test('that no job can have is refused before anything is asked', async () => {
    await using server = await tinyServer(() => ({}))
    const client = new JobClient({ url: server.url })
    for (const id of ['', '.', '..']) {
      const calls = [
        client.getJob(id),
        client.cancelJob(id),
        client.retryJob(id),
        client.deleteJob(id),
        client.waitForJob(id),
      ]
      for (const call of [...calls, client.outputs(id), client.logs(id)]) {
        await assert.rejects(call, /^TypeError: Expected the id of a job, got "/)
      }
    }
    assert.deepEqual(server.received, [])
  })
})

describe('an error about a job', () => {
  test('says which, whether the service refused or could not be reached', async () => {
    for (const answer of [{ status: 409 }, { cut: true }]) {
      await using server = await tinyServer(() => answer)
      const client = new JobClient({ url: server.url, retry: { ...QUICK, tries: 2 } })
      for (const call of [
        client.getJob(JOB_ID),
        client.cancelJob(JOB_ID),
        client.waitForJob(JOB_ID),
        client.outputs(JOB_ID),
      ]) {
        await rejects(call, { jobId: JOB_ID })
      }
    }
  })

  test('says which when the time was up before the service answered', async () => {
    await using server = await rawServer(() => {})
    await rejects(new JobClient({ url: server.url }).waitForJob(JOB_ID, { timeoutMs: 10 }), {
      code: 'TIMED_OUT',
      jobId: JOB_ID,
    })
  })

  test('is not one that is about none', async () => {
    await using server = await tinyServer(() => ({ status: 400 }))
    await rejects(new JobClient({ url: server.url }).listJobs(), { jobId: undefined })
  })
})

describe('a key', () => {
  test('that no header can carry is refused without being told', () => {
    for (const apiKey of ['a\nsecret', 'sécret', 'a secret']) {
      assert.throws(
        () => new JobClient({ url: 'http://host', apiKey }),
        (failure: Error) => failure instanceof TypeError && !/s.cret/.test(failure.message),
      )
    }
  })

  test('may end with the line it was read from, and an empty one is none', async () => {
    await using server = await tinyServer(() => ({ status: 404 }))
    for (const [apiKey, sent] of [
      ['key\n', 'Bearer key'],
      ['', undefined],
    ] as const) {
      await assert.rejects(new JobClient({ url: server.url, apiKey }).health(), LongshoreError)
      assert.equal(server.received.at(-1)?.headers.authorization, sent)
    }
  })
})
