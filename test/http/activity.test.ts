import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient } from '../../client/src/index.ts'
import { COMPLETED, UNRECOVERABLE } from '../conformance/job-engine/bench.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { newJob } from '../support/new-job.ts'
import { openTestService, type TestService } from '../support/test-service.ts'

/** Keeps jobs with these labels; the newest first. */
async function keep({ engine }: TestService, ...runs: string[]): Promise<string[]> {
  const ids: string[] = []
  for (const run of runs) ids.unshift((await engine.insert(newJob(Date.now(), { labels: { run } }))).job.id)
  return ids
}

async function post(service: TestService, url: string, payload: object) {
  const answer = await service.app.inject({ method: 'POST', url, payload })
  return { status: answer.statusCode, body: answer.json() }
}

describe('bulk actions', () => {
  test('a dry run counts what would be cancelled and changes nothing', async () => {
    await using service = await openTestService()
    await keep(service, 'a', 'a', 'b')
    const answer = await post(service, '/jobs/cancel', { label: 'run=a', dry_run: true })
    assert.deepEqual(answer, { status: 200, body: { matched: 2, changed: 0, next: null } })
    assert.equal((await service.engine.counts()).states.queued, 3)
  })

  test('a cancel reaches every job of the filter and no other', async () => {
    await using service = await openTestService()
    await keep(service, 'a', 'a', 'b')
    const lease = await service.claim()
    const answer = await post(service, '/jobs/cancel', { label: ['run=a'] })
    assert.deepEqual(answer, { status: 200, body: { matched: 2, changed: 2, next: null } })
    assert.partialDeepStrictEqual(await service.engine.get(lease.jobId), { state: 'processing' })
    assert.ok((await service.engine.get(lease.jobId))?.cancelRequestedAt)
    assert.deepEqual((await service.engine.counts()).states, states({ queued: 1, processing: 1, cancelled: 1 }))
    const ended = await post(service, '/jobs/cancel', { status: 'completed' })
    assert.deepEqual(ended.body, { matched: 0, changed: 0, next: null })
  })

  test('a retry queues what failed or was cancelled, once', async () => {
    await using service = await openTestService()
    await keep(service, 'a', 'b', 'c')
    await service.settle(await service.claim(), UNRECOVERABLE)
    await post(service, '/jobs/cancel', { label: 'run=b' })
    const first = await post(service, '/jobs/retry', { all: true })
    assert.deepEqual(first.body, { matched: 2, changed: 2, next: null })
    const second = await post(service, '/jobs/retry', { all: true })
    assert.deepEqual(second.body, { matched: 0, changed: 0, next: null })
    assert.equal((await service.engine.counts()).states.queued, 3)
  })

  test('an action that says nothing of which jobs is refused, and so is a label that is none', async () => {
    await using service = await openTestService()
    const nothing = await post(service, '/jobs/cancel', {})
    assert.equal(nothing.status, 400)
    assert.match(nothing.body.detail, /"all": true/)
    const label = await post(service, '/jobs/retry', { label: 'run' })
    assert.partialDeepStrictEqual(label, { status: 400, body: { errors: [{ pointer: '/label' }] } })
  })

  test('a state that there is none of is refused with those that there are', async () => {
    await using service = await openTestService()
    const answers = await Promise.all([
      post(service, '/jobs/cancel', { status: 'running' }),
      service.app.inject('/jobs?status=running').then((answer) => ({ status: answer.statusCode, body: answer.json() })),
    ])
    for (const { status, body } of answers) {
      assert.equal(status, 400)
      assert.match(body.detail, /status: expected each to be one of queued, processing, completed, failed, cancelled/)
    }
  })

  test('after 10 s the answer says where to go on, and the client does', async () => {
    const clock = new ManualClock(Date.now())
    await using service = await openTestService({ clock })
    await Promise.all(Array.from({ length: 1_200 }, () => service.engine.insert(newJob(clock.now()))))
    const cancel = service.engine.requestCancel.bind(service.engine)
    let cancelled = 0
    service.engine.requestCancel = (id) => {
      if (++cancelled === 500) clock.advance(11_000)
      return cancel(id)
    }
    const first = await post(service, '/jobs/cancel', { all: true })
    assert.partialDeepStrictEqual(first.body, { matched: 500, changed: 500 })
    cancelled = 1_000_000
    const second = await post(service, '/jobs/cancel', { all: true, cursor: first.body.next })
    assert.deepEqual(second.body, { matched: 700, changed: 700, next: null })
  })
})

function states(some: object) {
  return { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0, ...some }
}

describe('the service as a whole', () => {
  test('stats tell what waits, and what ended in each slice of the window', async () => {
    const clock = new ManualClock()
    await using service = await openTestService({ clock })
    await service.engine.insert(newJob(clock.now()))
    await service.engine.insert(newJob(clock.now()))
    clock.advance(90_000)
    await service.settle(await service.claim(), COMPLETED)
    const client = new JobClient({ url: await service.listen() })
    const stats = await client.stats()
    assert.deepEqual(stats.states, states({ queued: 1, completed: 1 }))
    assert.equal(stats.queue_age_seconds, 90)
    assert.equal(stats.slices.length, 60)
    assert.equal(stats.slices.at(-1)?.completed, 1)
    assert.equal(stats.whole.completed, 1)
    assert.ok(Math.abs((stats.whole.waited?.p50_seconds ?? 0) - 90) < 9)
    const lengths = await Promise.all((['day', 'week', 'month'] as const).map((window) => client.stats({ window })))
    assert.deepEqual(
      lengths.map(({ slices, whole }) => [slices.length, whole.completed]),
      [
        [96, 1],
        [168, 1],
        [120, 1],
      ],
    )
  })

  test('workers tell what each runs; whoami tells an open service lets anyone do all', async () => {
    await using service = await openTestService()
    const [id] = await keep(service, 'a')
    await service.claim()
    const client = new JobClient({ url: await service.listen() })
    const [worker, ...others] = await client.workers()
    assert.equal(others.length, 0)
    assert.partialDeepStrictEqual(worker, {
      role: 'all',
      busy: 1,
      jobs: [{ job_id: id, attempt: 1, stage: 'starting' }],
    })
    assert.deepEqual(await client.whoami(), {
      name: 'anyone',
      tenant: null,
      scopes: ['submit', 'read', 'operate'],
      expires_at: null,
    })
  })

  test('who follows all jobs hears each change after it is told that the stream is open', async () => {
    await using service = await openTestService()
    const client = new JobClient({ url: await service.listen() })
    const stop = new AbortController()
    const heard: string[] = []
    for await (const news of client.jobChanges({ signal: stop.signal })) {
      if (news.type === 'opened') await keep(service, 'a')
      if (news.type === 'changed') {
        heard.push(`${news.job.status} ${news.job.stage}`)
        break
      }
    }
    assert.deepEqual(heard, ['queued queued'])
  })
})
