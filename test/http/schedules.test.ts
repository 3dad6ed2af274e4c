import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { z } from 'zod'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { LongshoreError } from '../../src/base/errors.ts'
import { Schedule as ScheduleSchema } from '../../src/contract/schedule.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openTestService, type TestService, type TestServiceOptions } from '../support/test-service.ts'
import { assertProblem, post } from '../support/wire.ts'

type Schedule = z.output<typeof ScheduleSchema>

const JOB = { manifest_inline: { files: ['s3://longshore/a.bin'] } }

/** Webhooks can be signed. */
const TELLING = { settings: { WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` } }

const KEYS = { acme: 'key-of-the-tenant-acme', zeta: 'key-of-the-tenant-zeta', operator: 'key-of-the-operator' }

async function open(options: TestServiceOptions = {}) {
  const clock = new ManualClock()
  const service = await openTestService({ clock, ...options })
  /** What a look finds, once there is something: what is due is done soon, not at once. */
  const until = async <Found>(look: () => Promise<Found | undefined>): Promise<Found> => {
    for (let looks = 0; looks < 1_000; looks++) {
      const found = await look()
      if (found !== undefined) return found
      await new Promise((resolve) => setImmediate(resolve))
    }
    throw new Error('It never came.')
  }
  return Object.assign(service, { clock, until })
}

function create(service: TestService, wishes: Record<string, unknown> = {}) {
  return post(service.app, '/schedules', { name: 'nightly', cron: '30 2 * * *', job: JOB, ...wishes })
}

function put(service: TestService, name: string, wishes: Record<string, unknown> = {}) {
  return service.app.inject({
    method: 'PUT',
    url: `/schedules/${name}`,
    payload: { cron: '30 2 * * *', job: JOB, ...wishes },
  })
}

async function read(service: TestService, name = 'nightly'): Promise<Schedule> {
  return ScheduleSchema.parse((await service.app.inject(`/schedules/${name}`)).json())
}

describe('creating a schedule', () => {
  test('answers it with its next ticks, in its time zone', async () => {
    await using service = await open()
    const answer = await create(service, { timezone: 'Europe/Berlin' })
    assert.equal(answer.statusCode, 201)
    assert.equal(answer.headers.location, '/schedules/nightly')
    const schedule = ScheduleSchema.parse(answer.json())
    assert.deepEqual(schedule.next_ticks, [
      '2026-01-01T01:30:00.000Z',
      '2026-01-02T01:30:00.000Z',
      '2026-01-03T01:30:00.000Z',
    ])
    assert.partialDeepStrictEqual(schedule, {
      ...{
        name: 'nightly',
        tenant: null,
        misfire: 'once',
        overlap: 'skip',
        job: JOB,
        last_fire: null,
        paused_at: null,
      },
      counts: { fired: 0, missed: 0, skipped: 0 },
    })
    assert.deepEqual(await read(service), schedule)
  })

  test('again just the same is answered, another one of the name is refused', async () => {
    await using service = await open()
    await create(service)
    assert.equal((await create(service)).statusCode, 200)
    const problem = assertProblem(await create(service, { cron: '@daily' }), 'SCHEDULE_EXISTS')
    assert.match(problem.detail, /PUT \/schedules\/nightly/)
  })

  test('tells of an expression what is wrong where, with an example', async () => {
    await using service = await open()
    const problem = assertProblem(
      await create(service, { cron: '30 25 * * *', timezone: 'Berlin' }),
      'VALIDATION_FAILED',
    )
    assert.deepEqual(
      problem.errors?.map(({ pointer }) => pointer),
      ['/cron', '/timezone'],
    )
    assert.match(
      problem.detail,
      /the hour \(field 2 of 5\) cannot be "25"; expected 0-23.*for example "30 2 \* \* mon-fri"/,
    )
  })

  test('refuses a job that a submit would refuse, with where it is wrong', async () => {
    const checkParameters = (parameters: unknown) => {
      if (parameters !== null) {
        const errors = [{ pointer: '/parameters/threshold', message: 'expected a number' }]
        throw new LongshoreError('PARAMETERS_INVALID', 'The parameters do not fit.', { errors })
      }
    }
    await using service = await open({ checkParameters })
    const parameters = await create(service, { job: { ...JOB, parameters: {} } })
    assert.deepEqual(assertProblem(parameters, 'PARAMETERS_INVALID').errors?.[0]?.pointer, '/job/parameters/threshold')
    const bucket = await create(service, { job: { manifest_uri: 's3://elsewhere/list.json' } })
    assertProblem(bucket, 'BUCKET_NOT_ALLOWED')
    const file = await create(service, { job: { manifest_inline: { files: ['s3://longshore/a', 'b'] } } })
    assert.equal(assertProblem(file, 'INVALID_URI').errors?.[0]?.pointer, '/job/manifest_inline/files/1')
    for (const job of [{}, { ...JOB, delay_seconds: 5 }, { ...JOB, manifest_uri: 's3://longshore/x' }]) {
      assertProblem(await create(service, { job }), 'VALIDATION_FAILED')
    }
    assert.equal((await service.app.inject('/schedules')).json().length, 0)
  })

  test('refuses names, policies and sizes that cannot be', async () => {
    await using service = await open()
    const long = { manifest_inline: { files: Array.from({ length: 5_000 }, () => 's3://longshore/a.bin') } }
    for (const wishes of [
      { name: '../etc' },
      { name: '' },
      { name: 'a'.repeat(65) },
      { misfire: 'never' },
      { misfire: 'catch_up', overlap: 'skip' },
      { cron: '* * * * * *' },
      { cron: 'x'.repeat(300) },
      { job: long },
      { job: 7 },
      { unknown: 1 },
    ]) {
      assertProblem(await create(service, wishes), 'VALIDATION_FAILED')
    }
  })

  test('no more are kept than MAX_SCHEDULES', async () => {
    await using service = await open({ settings: { MAX_SCHEDULES: '1' } })
    await create(service)
    assertProblem(await create(service, { name: 'other' }), 'TOO_MANY_SCHEDULES')
    assertProblem(await put(service, 'other'), 'TOO_MANY_SCHEDULES')
    assert.equal((await put(service, 'nightly', { cron: '@daily' })).statusCode, 200)
  })
})

describe('putting a schedule', () => {
  test('creates it, replaces it, and changes nothing when it is the same', async () => {
    await using service = await open()
    assert.equal((await put(service, 'nightly')).statusCode, 201)
    service.clock.advance(1_000)
    const same = await put(service, 'nightly')
    assert.deepEqual([same.statusCode, same.json().updated_at], [200, '2026-01-01T00:00:00.000Z'])
    const other = await put(service, 'nightly', { cron: '@hourly' })
    assert.deepEqual([other.statusCode, other.json().updated_at], [200, '2026-01-01T00:00:01.000Z'])
    assert.equal(other.json().next_ticks[0], '2026-01-01T01:00:00.000Z')
  })

  test('leaves a paused one paused unless it says otherwise', async () => {
    await using service = await open()
    await put(service, 'nightly', { paused: true })
    assert.deepEqual((await put(service, 'nightly', { cron: '@daily' })).json().next_ticks, [])
    assert.equal((await put(service, 'nightly', { cron: '@daily', paused: false })).json().next_ticks.length, 3)
  })

  test('many at once, all of them answered', async () => {
    await using service = await open()
    const answers = await Promise.all(Array.from({ length: 8 }, () => put(service, 'nightly')))
    assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [...Array(7).fill(200), 201])
  })
})

test('a tick submits the job, which names its schedule, and the schedule names the job', async () => {
  await using service = await open()
  const job = { ...JOB, priority: 3, group: 'night', labels: { kind: 'report' }, timeout_seconds: 60 }
  await create(service, { job })
  service.clock.advance(3 * 3_600_000)
  const jobs = await service.until(async () => {
    const found = (await service.app.inject('/jobs?schedule=nightly')).json()
    return found.length > 0 ? found : undefined
  })
  assert.equal(jobs.length, 1)
  const tick = '2026-01-01T02:30:00.000Z'
  assert.partialDeepStrictEqual(jobs[0], {
    ...{ schedule: { name: 'nightly', tick }, priority: 3, group: 'night', labels: { kind: 'report' } },
    ...{ timeout_seconds: 60, status: 'queued' },
  })
  const { last_fire, counts, next_ticks } = await read(service)
  assert.partialDeepStrictEqual(last_fire, { tick, job_id: jobs[0].job_id, status: 'queued' })
  assert.deepEqual([counts.fired, next_ticks[0]], [1, '2026-01-02T02:30:00.000Z'])
  assert.equal((await service.app.inject('/jobs?schedule=other')).json().length, 0)
})

test('a schedule that is fired into a full queue says when to come back, by how fast the queue empties', async () => {
  await using service = await open({ settings: { MAX_QUEUED_JOBS: '1' } })
  await create(service)
  assert.equal((await post(service.app, '/schedules/nightly/run', {})).statusCode, 202)
  const refused = await post(service.app, '/schedules/nightly/run', {})
  assertProblem(refused, 'QUEUE_FULL')
  assert.equal(refused.headers['retry-after'], '60', 'nothing ended lately: the longest')
})

test("the query of a callback URL, which is the receiver's secret, is used and shown to nobody", async () => {
  await using service = await open(TELLING)
  const job = { ...JOB, callback_url: 'https://example.org/hook?token=secret' }
  const created = await create(service, { job })
  assert.equal(created.json().job.callback_url, 'https://example.org/hook?…')
  assert.equal((await create(service, { job })).statusCode, 200, 'the same is the same')
  const { job_id } = (await post(service.app, '/schedules/nightly/run', {})).json()
  assert.equal((await service.jobs.get(job_id)).callbackUrl, job.callback_url)
})

test('a schedule that was read can be put back: the query of its callback URL is kept', async () => {
  await using service = await open(TELLING)
  const callback_url = 'https://example.org/hook?token=secret'
  await create(service, { job: { ...JOB, callback_url } })
  const { job } = await read(service)
  assert.equal((await put(service, 'nightly', { job, cron: '0 3 * * *' })).statusCode, 200)
  const { job_id } = (await post(service.app, '/schedules/nightly/run', {})).json()
  assert.equal((await service.jobs.get(job_id)).callbackUrl, callback_url)
})

test('a callback URL as it is shown is refused where there is none to keep', async () => {
  await using service = await open(TELLING)
  const job = { ...JOB, callback_url: 'https://example.org/hook?…' }
  const answer = assertProblem(await put(service, 'nightly', { job }), 'VALIDATION_FAILED')
  assert.match(answer.detail, /Give the whole URL/)
  assert.equal(answer.errors?.[0]?.pointer, '/job/callback_url')
})

test('a paused schedule lets ticks pass by, and a resumed one fires from the next', async () => {
  await using service = await open()
  await create(service, { cron: '@hourly' })
  const paused = await post(service.app, '/schedules/nightly/pause', {})
  assert.deepEqual([paused.statusCode, paused.json().paused_at], [200, '2026-01-01T00:00:00.000Z'])
  service.clock.advance(5 * 3_600_000 + 1)
  const resumed = (await post(service.app, '/schedules/nightly/resume', {})).json()
  assert.deepEqual([resumed.paused_at, resumed.next_ticks[0]], [null, '2026-01-01T06:00:00.000Z'])
  assert.deepEqual(resumed.counts, { fired: 0, missed: 0, skipped: 0 })
  assert.equal((await post(service.app, '/schedules/nightly/resume', {})).statusCode, 200, 'twice does no harm')
})

test('a schedule is fired by hand, paused or not, and once for one key', async () => {
  await using service = await open()
  await create(service, { paused: true })
  const headers = { 'idempotency-key': 'k' }
  const answers = await Promise.all([1, 2, 3].map(() => post(service.app, '/schedules/nightly/run', {}, headers)))
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [202, 202, 202],
  )
  assert.equal(new Set(answers.map((answer) => answer.json().job_id)).size, 1)
  assert.equal(answers.filter((answer) => answer.headers['idempotency-replayed'] === 'true').length, 2)
  assert.equal(answers[0]?.headers.location, `/jobs/${answers[0]?.json().job_id}`)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { job_id } = (await post(service.app, '/schedules/nightly/run', {}, { traceparent })).json()
  assert.equal((await service.jobs.get(job_id)).traceparent, traceparent)
  const jobs = (await service.app.inject('/jobs?schedule=nightly')).json()
  assert.deepEqual(
    jobs.map(({ schedule }: { schedule: unknown }) => schedule),
    Array(2).fill({ name: 'nightly', tick: null }),
  )
  assert.equal((await read(service)).counts.fired, 2)
})

test('a schedule that is deleted is gone and its jobs stay', async () => {
  await using service = await open()
  await create(service)
  await post(service.app, '/schedules/nightly/run', {})
  assert.equal((await service.app.inject({ method: 'DELETE', url: '/schedules/nightly' })).statusCode, 204)
  for (const [method, url] of [
    ['GET', '/schedules/nightly'],
    ['DELETE', '/schedules/nightly'],
    ['POST', '/schedules/nightly/pause'],
    ['POST', '/schedules/nightly/resume'],
    ['POST', '/schedules/nightly/run'],
  ] as const) {
    assertProblem(await service.app.inject({ method, url }), 'SCHEDULE_NOT_FOUND')
  }
  assert.equal((await service.app.inject('/jobs?schedule=nightly')).json().length, 1)
})

test('a listing goes by name, page by page', async () => {
  await using service = await open()
  for (const name of ['c', 'a', 'b']) await create(service, { name })
  const first = await service.app.inject('/schedules?limit=2')
  assert.deepEqual(
    first.json().map(({ name }: Schedule) => name),
    ['a', 'b'],
  )
  const next = /<([^>]+)>; rel="next"/.exec(String(first.headers.link))?.[1] ?? ''
  assert.deepEqual(
    (await service.app.inject(next)).json().map(({ name }: Schedule) => name),
    ['c'],
  )
  assertProblem(await service.app.inject('/schedules?cursor=%7B'), 'VALIDATION_FAILED')
})

test('a tenant has its own schedules, whatever others call theirs; who has no tenant says whose', async () => {
  const entries = [
    formatKeyEntry(KEYS.acme, { tenant: 'acme' }),
    formatKeyEntry(KEYS.zeta, { tenant: 'zeta' }),
    formatKeyEntry(KEYS.operator),
  ]
  await using service = await open({ settings: { API_KEYS: entries.join(',') } })
  const ask = (key: keyof typeof KEYS, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
    service.app.inject({
      ...{ method, url, headers: { authorization: `Bearer ${KEYS[key]}` } },
      ...(payload && { payload }),
    })
  const body = { name: 'nightly', cron: '@daily', job: JOB }
  for (const key of ['acme', 'zeta', 'operator'] as const) {
    assert.equal((await ask(key, 'POST', '/schedules', body)).statusCode, 201, key)
  }
  const own = (await ask('acme', 'GET', '/schedules')).json()
  assert.deepEqual(
    own.map(({ tenant }: Schedule) => tenant),
    ['acme'],
  )
  assert.equal((await ask('operator', 'GET', '/schedules')).json().length, 3)
  assert.equal((await ask('operator', 'GET', '/schedules/nightly')).json().tenant, null)
  assert.equal((await ask('operator', 'GET', own[0].links.self)).json().tenant, 'acme')
  assert.equal((await ask('acme', 'GET', '/schedules/nightly?tenant=zeta')).json().tenant, 'acme')
  const { job_id } = (await ask('acme', 'POST', '/schedules/nightly/run')).json()
  assert.equal((await ask('acme', 'GET', `/jobs/${job_id}`)).json().tenant, 'acme')
  assertProblem(await ask('zeta', 'GET', `/jobs/${job_id}`), 'JOB_NOT_FOUND')
  assert.equal((await ask('zeta', 'GET', '/jobs?schedule=nightly')).json().length, 0)
  assert.equal((await ask('operator', 'DELETE', '/schedules/nightly?tenant=zeta')).statusCode, 204)
  assertProblem(await ask('zeta', 'GET', '/schedules/nightly'), 'SCHEDULE_NOT_FOUND')
  assert.equal((await ask('acme', 'GET', '/schedules/nightly')).statusCode, 200)
})
