import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient, type WaitOptions } from '@longshore/client'
import { openGate } from '../support/gate.ts'
import { openTestService, type TestService } from '../support/test-service.ts'
import { submitted } from '../support/wire.ts'
import { JOB_ID, jobBody } from './job-body.ts'
import { type Answer, tinyServer } from './tiny-server.ts'

const QUICK = { baseMs: 1, capMs: 1 }
const DONE = { type: 'completed', result: { answer: 42 }, outputs: [] } as const

describe('waiting for a job by its events', () => {
  test('answers the completed job, of which it was told at first and at each change', async () => {
    await using service = await openTestService()
    const { seen, told, wait } = await follow(service)
    const { job, lease } = wait
    await told('processing')
    await service.jobs.save(lease, { progress: { stage: 'processing', percent: 50 } })
    await told('processing 50')
    await service.settle(lease, DONE)
    assert.deepEqual((await job).result, { answer: 42 })
    assert.deepEqual(seen, ['processing', 'processing 50', 'completed 50'])
  })

  test('reads the job at first and at its end alone when nobody wants its progress', async () => {
    await using service = await openTestService()
    const paths: string[] = []
    const id = await submitted(service.app)
    const following = Promise.withResolvers<void>()
    const client = new JobClient({
      url: await service.listen(),
      fetch: async (url, init) => {
        paths.push(new URL(String(url)).pathname.replace(id, 'ID'))
        const answer = await fetch(url, init)
        if (String(url).endsWith('/events')) following.resolve()
        return answer
      },
    })
    const ended = client.waitForJob(id)
    await following.promise
    const lease = await service.claim()
    for (const percent of [10, 20, 30]) await service.jobs.save(lease, { progress: { stage: 'processing', percent } })
    await service.settle(lease, DONE)
    assert.equal((await ended).status, 'completed')
    assert.deepEqual(paths, ['/jobs/ID', '/jobs/ID/events', '/jobs/ID'])
  })

  test('goes on when a person retries the job before its end was read', async () => {
    await using service = await openTestService()
    const id = await submitted(service.app)
    const url = await service.listen()
    let held = true
    const client = new JobClient({
      url,
      fetch: async (target, init) => {
        // The job is cancelled, and retried while we are about to read it.
        if (String(target).endsWith('/events') && held) {
          held = false
          const events = await fetch(target, init)
          await service.jobs.cancel(id)
          return events
        }
        if (!held && (await service.jobs.get(id)).state === 'cancelled')
          await service.jobs.retry(id, { failedFilesOnly: false })
        return fetch(target, init)
      },
    })
    const ended = client.waitForJob(id)
    while (held || (await service.jobs.get(id)).version < 3) await new Promise(setImmediate)
    await service.settle(await service.claim(), DONE)
    assert.equal((await ended).status, 'completed')
  })

  test('rejects with what the processor threw, and the job, when it fails', async () => {
    await using service = await openTestService()
    const { wait } = await follow(service)
    const failure = { type: 'failed', code: 'BAD_INPUT', message: 'no header', retryable: false } as const
    await service.settle(wait.lease, failure)
    await assert.rejects(wait.job, { name: 'JobFailedError', code: 'BAD_INPUT', message: /failed: no header/ })
  })

  test('rejects when the job is cancelled', async () => {
    await using service = await openTestService()
    const url = await service.listen()
    const id = await submitted(service.app)
    const client = new JobClient({ url })
    await client.cancelJob(id)
    await assert.rejects(client.waitForJob(id), { name: 'JobCancelledError', code: 'JOB_CANCELLED', jobId: id })
  })

  test('outlasts a connection that breaks', async () => {
    await using service = await openTestService()
    await using gate = await openGate(await service.listen())
    const { wait, told } = await follow(service, {}, gate.endpoint)
    await told('processing')
    await gate.shut()
    await service.settle(wait.lease, DONE)
    await gate.open()
    assert.equal((await wait.job).status, 'completed')
  })

  test('ends with the job as last seen when its time is up, and the job goes on', async () => {
    await using service = await openTestService()
    const { wait } = await follow(service, { timeoutMs: 200 })
    await assert.rejects(wait.job, (failure: { name: string; code: string; job: { status: string } }) => {
      assert.deepEqual(
        [failure.name, failure.code, failure.job.status],
        ['JobTimeoutError', 'WAIT_TIMED_OUT', 'processing'],
      )
      return true
    })
  })

  test('passes on what its listener throws', async () => {
    await using service = await openTestService()
    const { wait } = await follow(service, {
      onProgress: () => {
        throw new TypeError('a mistake')
      },
    })
    await assert.rejects(wait.job, /a mistake/)
  })

  test('of a job that is not there says so', async () => {
    await using service = await openTestService()
    const client = new JobClient({ url: await service.listen() })
    await assert.rejects(client.waitForJob(JOB_ID), { name: 'JobNotFoundError' })
  })
})

describe('where no events come through, waiting', () => {
  test('asks with the ETag of what it saw, tells every change, and ends with the job', async () => {
    const answers: Answer[] = [
      { body: jobBody('queued'), headers: { etag: '"1"' } },
      { status: 403, body: '<html>no streams here' },
      { status: 304, headers: { etag: '"1"' } },
      { body: jobBody('processing', { progress: { stage: 'processing', percent: 50 } }), headers: { etag: '"2"' } },
      { body: jobBody('completed'), headers: { etag: '"3"' } },
    ]
    await using server = await tinyServer(() => answers.shift() ?? {})
    const seen: unknown[] = []
    const ended = await new JobClient({ url: server.url }).waitForJob(JOB_ID, {
      onProgress: ({ status, progress }) => seen.push([status, progress?.percent]),
    })
    assert.equal(ended.status, 'completed')
    assert.deepEqual(seen, [
      ['queued', undefined],
      ['processing', 50],
      ['completed', undefined],
    ])
    assert.deepEqual(
      server.received.map(({ path, headers }) => [path.replace(JOB_ID, 'ID'), headers['if-none-match']]),
      [
        ['/jobs/ID', undefined],
        ['/jobs/ID/events', undefined],
        ['/jobs/ID?wait=25', '"1"'],
        ['/jobs/ID?wait=25', '"1"'],
        ['/jobs/ID?wait=25', '"2"'],
      ],
    )
  })

  test('does not wait for a stream that is kept back', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const asked = Promise.withResolvers<void>()
    await using server = await tinyServer(async ({ path }) => {
      if (path.includes('wait')) return { body: jobBody('completed') }
      if (!path.endsWith('/events')) return { body: jobBody('queued') }
      asked.resolve()
      return new Promise(() => {})
    })
    const ended = new JobClient({ url: server.url }).waitForJob(JOB_ID)
    await asked.promise
    t.mock.timers.tick(5_000)
    assert.equal((await ended).status, 'completed')
  })

  test('asks ever more rarely where no answer is held', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    t.mock.method(Math, 'random', () => 1)
    let asked = 0
    await using server = await tinyServer(({ path }) => {
      if (path.endsWith('/events')) return { body: 'no stream' }
      asked += 1
      return asked > 8 ? { body: jobBody('completed') } : { body: jobBody('queued'), headers: { etag: '"1"' } }
    })
    let passedMs = 0
    const ended = new JobClient({ url: server.url }).waitForJob(JOB_ID)
    let over = false
    ended.finally(() => {
      over = true
    })
    for (let before = 2; !over; ) {
      await turns(30)
      if (asked > before) before = asked
      else if (asked >= 2) {
        t.mock.timers.tick(250)
        passedMs += 250
      }
    }
    await ended
    // 250, 500, 1000, 2000, 4000, 5000, 5000
    assert.ok(passedMs >= 17_750 && passedMs <= 20_000, `waited ${passedMs} ms`)
  })

  test('bears a proxy that cuts what is held too long', async () => {
    let asked = 0
    await using server = await tinyServer(({ path }) => {
      if (path.endsWith('/events')) return { status: 502, body: 'Bad Gateway' }
      if (path.includes('wait')) return { status: 504, body: 'Gateway Timeout' }
      asked += 1
      return { body: jobBody(asked < 3 ? 'processing' : 'completed') }
    })
    assert.equal((await new JobClient({ url: server.url }).waitForJob(JOB_ID)).status, 'completed')
  })

  test('stops with the reason of its signal while the service holds the answer', async () => {
    const stop = new AbortController()
    await using server = await tinyServer(({ path }) => {
      if (path.endsWith('/events')) return { body: 'no stream' }
      if (!path.includes('wait')) return { body: jobBody('queued') }
      stop.abort(new Error('gone home'))
      return new Promise(() => {})
    })
    const ended = new JobClient({ url: server.url }).waitForJob(JOB_ID, { signal: stop.signal })
    await assert.rejects(ended, /gone home/)
  })
})

test('the wait for a job that a service never tells of ends as any other call', async () => {
  await using server = await tinyServer(() => new Promise(() => {}))
  const ended = new JobClient({ url: server.url, retry: QUICK }).waitForJob(JOB_ID, { timeoutMs: 20 })
  await assert.rejects(ended, { name: 'NetworkError', code: 'TIMED_OUT' })
})

/** Waits for a job that is in work; keeps what was told of it. */
async function follow(service: TestService, options: WaitOptions = {}, url?: string) {
  const client = new JobClient({ url: url ?? (await service.listen()), retry: { ...QUICK, capMs: 20, tries: 50 } })
  const id = await submitted(service.app)
  const lease = await service.claim()
  const seen: string[] = []
  const waiting: { text: string; resolve: () => void }[] = []
  const job = client.waitForJob(id, {
    onProgress: ({ status, progress }) => {
      seen.push([status, progress?.percent].filter((each) => each !== undefined).join(' '))
      for (const { text, resolve } of waiting) if (seen.includes(text)) resolve()
    },
    ...options,
  })
  job.catch(() => {})
  const told = (text: string): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ text, resolve })
      if (seen.includes(text)) resolve()
    })
  return { seen, told, wait: { job, lease } }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}
