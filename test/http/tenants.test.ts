import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { JobClient } from '../../client/src/index.ts'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import type { Scope } from '../../src/contract/routes.ts'
import { openTestService, type TestService } from '../support/test-service.ts'
import { assertProblem, post, submit } from '../support/wire.ts'

const KEYS = { ours: 'key-of-the-tenant-acme', theirs: 'key-of-the-tenant-zeta', operator: 'key-of-the-operator' }

const ENTRIES = [
  formatKeyEntry(KEYS.ours, { tenant: 'acme', name: 'acme-ci' }),
  formatKeyEntry(KEYS.theirs, { tenant: 'zeta' }),
  formatKeyEntry(KEYS.operator),
].join(',')

function openService(): Promise<TestService> {
  return openTestService({ settings: { API_KEYS: ENTRIES } })
}

function bearer(key: keyof typeof KEYS): { authorization: string } {
  return { authorization: `Bearer ${KEYS[key]}` }
}

async function idOf(answer: Promise<LightMyRequestResponse>): Promise<string> {
  const { statusCode, body } = await answer
  assert.ok(statusCode === 202 || statusCode === 200, body)
  return JSON.parse(body).job_id
}

test('a tenant submits, reads and lists its own jobs; one without a tenant those of all', async () => {
  await using service = await openService()
  const ours = await idOf(submit(service.app, {}, bearer('ours')))
  const theirs = await idOf(submit(service.app, {}, bearer('theirs')))
  const nobodys = await idOf(submit(service.app, {}, bearer('operator')))
  const read = async (key: keyof typeof KEYS, id: string) =>
    (await service.app.inject({ url: `/jobs/${id}`, headers: bearer(key) })).json()
  assert.equal((await read('ours', ours)).tenant, 'acme')
  assert.equal((await read('operator', theirs)).tenant, 'zeta')
  assert.equal((await read('operator', nobodys)).tenant, null)
  const list = async (key: keyof typeof KEYS, query = ''): Promise<string[]> =>
    (await service.app.inject({ url: `/jobs${query}`, headers: bearer(key) }))
      .json()
      .map((job: { job_id: string }) => job.job_id)
  assert.deepEqual(await list('ours'), [ours])
  assert.deepEqual(await list('ours', '?tenant=zeta'), [ours])
  assert.deepEqual(await list('theirs', '?status=queued'), [theirs])
  assert.deepEqual((await list('operator')).sort(), [ours, theirs, nobodys].sort())
  assert.deepEqual(await list('operator', '?tenant=acme'), [ours])
})

test("another tenant's job answers exactly as one that never was", async () => {
  await using service = await openService()
  const never = '00000000-0000-7000-8000-000000000000'
  for (const theirs of [
    await idOf(submit(service.app, {}, bearer('theirs'))),
    await idOf(submit(service.app, {}, bearer('operator'))),
  ]) {
    for (const [method, path] of [
      ['GET', ''],
      ['HEAD', ''],
      ['GET', '?wait=1'],
      ['GET', '/events'],
      ['GET', '/files'],
      ['GET', '/outputs'],
      ['GET', '/logs'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
      ['DELETE', ''],
    ] as const) {
      const ask = (id: string) => {
        const headers = { ...bearer('ours'), 'if-none-match': 'W/"1"', 'x-request-id': 'same' }
        return service.app.inject({ method, url: `/jobs/${id}${path}`, headers })
      }
      const [answer, missing] = [await ask(theirs), await ask(never)]
      assert.equal(answer.statusCode, 404, `${method} ${path}`)
      assert.equal(answer.body.replaceAll(theirs, never), missing.body)
      const { date: _one, ...headers } = answer.headers
      const { date: _two, ...expected } = missing.headers
      assert.deepEqual(headers, expected)
    }
    assert.equal((await service.jobs.get(theirs)).state, 'queued')
  }
})

test("another tenant's ingest answers exactly as one that never was", async () => {
  await using service = await openService()
  const files = [{ filename: 'a.txt', size_bytes: 1 }]
  const started = (await post(service.app, '/ingest/start', { files }, bearer('theirs'))).json()
  const [file] = started.files
  const of = (id: string) => [
    service.app.inject({ url: `/ingest/${id}`, headers: bearer('ours') }),
    post(service.app, `/ingest/${id}/files/${file.file_id}/parts`, { part_numbers: [1] }, bearer('ours')),
    service.app.inject({ method: 'POST', url: `/ingest/${id}/abort`, headers: bearer('ours') }),
    post(
      service.app,
      '/ingest/complete',
      { job_id: id, file_id: file.file_id, upload_id: file.upload_id, parts: [{ PartNumber: 1, ETag: 'x' }] },
      bearer('ours'),
    ),
  ]
  for (const answer of await Promise.all([...of(started.job_id), ...of('never-was')])) {
    assertProblem(answer, 'INGEST_NOT_FOUND')
  }
  const state = await service.app.inject({ url: `/ingest/${started.job_id}`, headers: bearer('theirs') })
  assert.equal(state.statusCode, 200)
})

test('two tenants that use the same Idempotency-Key do not meet, by whatever route', async () => {
  await using service = await openService()
  const key = { 'idempotency-key': 'the-same' }
  const ours = await idOf(submit(service.app, { priority: 1 }, { ...bearer('ours'), ...key }))
  const theirs = await idOf(submit(service.app, { priority: 2 }, { ...bearer('theirs'), ...key }))
  assert.notEqual(ours, theirs)
  assert.equal(await idOf(submit(service.app, { priority: 1 }, { ...bearer('ours'), ...key })), ours)
  const files = (size_bytes: number) => ({ files: [{ filename: 'a.txt', size_bytes }] })
  const opened = await idOf(post(service.app, '/ingest/start', files(1), { ...bearer('ours'), ...key }))
  assert.notEqual(await idOf(post(service.app, '/ingest/start', files(2), { ...bearer('theirs'), ...key })), opened)
})

test("a tenant's manifest may name its own uploads and shared objects, and nothing of another's", async () => {
  await using service = await openService()
  const ours = await idOf(submit(service.app, {}, bearer('ours')))
  const theirs = await idOf(submit(service.app, {}, bearer('theirs')))
  const files = [{ filename: 'a.txt', size_bytes: 1 }]
  const uploading = await idOf(post(service.app, '/ingest/start', { files }, bearer('theirs')))
  const name = (key: string, who: keyof typeof KEYS = 'ours') =>
    Promise.all([
      submit(service.app, { manifest_inline: { files: [`s3://longshore/${key}`] } }, bearer(who)),
      submit(service.app, { manifest_inline: undefined, manifest_uri: `s3://longshore/${key}` }, bearer(who)),
    ])
  for (const key of [`datasets/${ours}/a.txt`, `results/${ours}/o.jsonl`, 'datasets/shared/a.txt', 'reference/a.txt']) {
    for (const answer of await name(key)) assert.equal(answer.statusCode, 202, answer.body)
  }
  for (const key of [
    `datasets/${theirs}/a.txt`,
    `results/${theirs}/attempt-2/o.jsonl`,
    `datasets/${uploading}/a.txt`,
    `datasets/${theirs.toUpperCase()}/a.txt`,
    `Datasets/${theirs}/a.txt`,
    `datasets/./${theirs}/a.txt`,
    `datasets//${theirs}/a.txt`,
    `x/../datasets/${theirs}/a.txt`,
    'datasets/00000000-0000-7000-8000-000000000000/a.txt',
  ]) {
    for (const answer of await name(key)) assertProblem(answer, 'INPUT_NOT_ALLOWED')
    for (const answer of await name(key, 'operator')) assert.equal(answer.statusCode, 202, answer.body)
  }
})

test('a key does what its scopes name, and hears which one is missing', async () => {
  const keyOf = (scope: Scope): string => `key-with-the-scope-${scope}`
  const entries = (['submit', 'read', 'operate'] as const).map((scope) =>
    formatKeyEntry(keyOf(scope), { scopes: [scope] }),
  )
  await using service = await openTestService({ settings: { API_KEYS: entries.join(',') } })
  const as = (scope: Scope) => ({ authorization: `Bearer ${keyOf(scope)}` })
  const id = await idOf(submit(service.app, {}, as('submit')))
  const refused = await service.app.inject({ url: `/jobs/${id}`, headers: as('submit') })
  assert.match(assertProblem(refused, 'FORBIDDEN').detail, /"read".*"submit"/)
  assert.equal((await service.app.inject({ url: `/jobs/${id}`, headers: as('read') })).statusCode, 200)
  const cancel = (scope: Scope) => service.app.inject({ method: 'POST', url: `/jobs/${id}/cancel`, headers: as(scope) })
  assertProblem(await cancel('read'), 'FORBIDDEN')
  assert.equal((await cancel('operate')).statusCode, 202)
})

test('who may submit and not read hears of its job no more than a submit tells, however it prefers', async () => {
  const entry = formatKeyEntry('key-that-only-submits', { scopes: ['submit'] })
  await using service = await openTestService({ settings: { API_KEYS: entry } })
  const headers = { authorization: 'Bearer key-that-only-submits', prefer: 'wait=1' }
  const answer = await submit(service.app, {}, headers)
  assert.equal(answer.headers['preference-applied'], undefined)
  assert.deepEqual(Object.keys(answer.json()).sort(), ['created_at', 'job_id', 'status'])
})

test('bulk actions, counts and workers are of the own tenant, whatever is asked for', async () => {
  await using service = await openService()
  const ours = await idOf(submit(service.app, {}, bearer('ours')))
  const theirs = await idOf(submit(service.app, {}, bearer('theirs')))
  const counted = await post(service.app, '/jobs/cancel', { all: true, tenant: 'zeta', dry_run: true }, bearer('ours'))
  assert.equal(counted.json().matched, 1)
  const cancelled = await post(service.app, '/jobs/cancel', { all: true, tenant: 'zeta' }, bearer('ours'))
  assert.deepEqual(cancelled.json(), { matched: 1, changed: 1, next: null })
  const stateOf = async (id: string) => (await service.engine.get(id))?.state
  assert.deepEqual([await stateOf(ours), await stateOf(theirs)], ['cancelled', 'queued'])

  await service.claim()
  const read = async (key: keyof typeof KEYS, url: string) =>
    (await service.app.inject({ url, headers: bearer(key) })).json()
  assert.partialDeepStrictEqual(await read('ours', '/stats'), {
    states: { queued: 0, processing: 0, cancelled: 1 },
    whole: { cancelled: 1 },
  })
  assert.partialDeepStrictEqual(await read('theirs', '/stats'), { states: { processing: 1 }, whole: { cancelled: 0 } })
  const waiting = await service.engine.get(await idOf(submit(service.app, {}, bearer('ours'))))
  assert.equal(Date.parse((await read('ours', '/stats')).oldest_due_at), waiting?.runAt)
  assert.equal((await read('theirs', '/stats')).oldest_due_at, null)
  assert.deepEqual((await read('ours', '/workers')).workers, [])
  assert.partialDeepStrictEqual((await read('theirs', '/workers')).workers, [{ busy: 1, jobs: [{ job_id: theirs }] }])
  assert.equal((await read('operator', '/workers')).workers[0].busy, 1)
})

test('who follows the jobs of all tenants is told whose each is; a tenant hears of its own', async () => {
  await using service = await openService()
  const url = await service.listen()
  const hear = async (key: keyof typeof KEYS): Promise<(string | null)[]> => {
    const heard: (string | null)[] = []
    for await (const news of new JobClient({ url, apiKey: KEYS[key] }).jobChanges()) {
      if (news.type === 'opened')
        for (const each of ['theirs', 'ours', 'operator'] as const) await submit(service.app, {}, bearer(each))
      if (news.type === 'changed') heard.push(news.job.tenant)
      if (heard.includes(key === 'ours' ? 'acme' : null)) break
    }
    return heard
  }
  assert.deepEqual(await hear('operator'), ['zeta', 'acme', null])
  assert.deepEqual(await hear('ours'), ['acme'])
})

test('a tenant is held to its limits, and no other for it', async () => {
  const limits = 'tenant:acme;max_queued_jobs=1;max_open_ingests=1;max_schedules=1;rate_limit_per_minute=7'
  await using service = await openTestService({ settings: { API_KEYS: `${ENTRIES},${limits}` } })
  const files = { files: [{ filename: 'a.txt', size_bytes: 1 }] }
  assert.equal((await submit(service.app, {}, bearer('ours'))).statusCode, 202)
  assert.match(assertProblem(await submit(service.app, {}, bearer('ours')), 'QUEUE_FULL').detail, /tenant acme/)
  assert.equal((await post(service.app, '/ingest/start', files, bearer('ours'))).statusCode, 200)
  assertProblem(await post(service.app, '/ingest/start', files, bearer('ours')), 'TOO_MANY_INGESTS')
  const schedule = { cron: '@daily', job: { manifest_inline: { files: ['s3://longshore/a.bin'] } } }
  const create = (name: string) => post(service.app, '/schedules', { name, ...schedule }, bearer('ours'))
  assert.equal((await create('a')).statusCode, 201)
  assert.match(assertProblem(await create('b'), 'TOO_MANY_SCHEDULES').detail, /tenant acme/i)
  assert.equal((await service.app.inject({ url: '/jobs', headers: bearer('ours') })).statusCode, 200)
  const refused = await service.app.inject({ url: '/jobs', headers: bearer('ours') })
  assert.match(assertProblem(refused, 'RATE_LIMITED').detail, /tenant acme/)
  assert.ok(Number(refused.headers['retry-after']) <= 12)
  for (let n = 0; n < 7; n++) assert.equal((await submit(service.app, {}, bearer('theirs'))).statusCode, 202)
})

test('a key is held to its requests a minute, and its neighbour is not counted with it', async () => {
  await using service = await openTestService({ settings: { API_KEYS: ENTRIES, KEY_RATE_LIMIT_PER_MINUTE: '2' } })
  const list = (key: keyof typeof KEYS) => service.app.inject({ url: '/jobs', headers: bearer(key) })
  await list('ours')
  await list('ours')
  assertProblem(await list('ours'), 'RATE_LIMITED')
  assert.equal((await list('theirs')).statusCode, 200)
})

test('requests without a good key count for the limit of their address', async () => {
  await using service = await openTestService({ settings: { API_KEYS: ENTRIES, RATE_LIMIT_PER_MINUTE: '2' } })
  const guess = () => service.app.inject({ url: '/jobs', headers: { authorization: 'Bearer a-guess' } })
  assertProblem(await guess(), 'UNAUTHENTICATED')
  assertProblem(await guess(), 'UNAUTHENTICATED')
  assertProblem(await guess(), 'RATE_LIMITED')
})

test('groups that tenants name alike are not one group, and tenants take turns however many jobs each has', async () => {
  await using service = await openService()
  const group = { group: 'plankton' }
  const ours = [
    await idOf(submit(service.app, {}, bearer('ours'))),
    await idOf(submit(service.app, {}, bearer('ours'))),
    await idOf(submit(service.app, {}, bearer('ours'))),
  ]
  const theirs = await idOf(submit(service.app, {}, bearer('theirs')))
  const first = [(await service.claim()).jobId, (await service.claim()).jobId]
  assert.ok(first.includes(theirs) && first.some((id) => ours.includes(id)))
  const [named, other] = [
    await idOf(submit(service.app, group, bearer('ours'))),
    await idOf(submit(service.app, group, bearer('theirs'))),
  ]
  const list = async (key: keyof typeof KEYS, query: string): Promise<[string, string | null][]> =>
    (await service.app.inject({ url: `/jobs?${query}`, headers: bearer(key) }))
      .json()
      .map((job: { job_id: string; group: string | null }) => [job.job_id, job.group])
  assert.deepEqual(await list('ours', 'group=plankton'), [[named, 'plankton']])
  assert.deepEqual(await list('operator', 'group=plankton&tenant=zeta'), [[other, 'plankton']])
  assert.deepEqual(await list('theirs', 'status=processing'), [[theirs, null]])
  const stored = await Promise.all([named, other].map(async (id) => (await service.engine.get(id))?.group))
  assert.notEqual(stored[0], stored[1])
})
