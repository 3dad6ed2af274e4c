import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { parse } from 'yaml'
import type { z } from 'zod'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { ROUTES, type Route, type RouteName, SCOPES, type Scope } from '../../src/contract/routes.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openTestService, type TestService } from '../support/test-service.ts'
import { assertProblem, post } from '../support/wire.ts'

const EVERY = Object.entries(ROUTES) as [RouteName, Route][]
const KEYED = EVERY.filter(([, { access }]) => access !== 'open' && access !== 'signed')

const OURS = 'key-of-the-tenant-acme'
const THEIRS = 'key-of-the-tenant-zeta'
const EXPIRED = 'key-that-has-an-end'
const keyOf = (scope: Scope): string => `key-that-may-only-${scope}`

/** Once they have let somebody in, these go on for as long as there is something to tell; tests of their own hold them to a tenant. */
const ENDLESS: readonly RouteName[] = ['allEvents', 'jobEvents']

/** What no answer to another tenant may hold. */
const SECRET = 'polarstern-leg-7'

async function openService(): Promise<{ service: TestService; ids: Record<string, string> }> {
  const clock = new ManualClock()
  const end = new Date(clock.now() + 1_000).toISOString().replace(/\.\d+Z/, 'Z')
  const entries = [
    formatKeyEntry(OURS, { tenant: 'acme' }),
    formatKeyEntry(THEIRS, { tenant: 'zeta' }),
    formatKeyEntry(EXPIRED, { tenant: 'acme', expires: end }),
    ...SCOPES.map((scope) => formatKeyEntry(keyOf(scope), { tenant: 'acme', scopes: [scope] })),
  ]
  const service = await openTestService({ clock, settings: { API_KEYS: entries.join(',') } })
  const authorization = `Bearer ${OURS}`
  const labels = { cruise: SECRET }
  const body = { manifest_inline: { files: ['s3://longshore/a.bin'] }, labels }
  const job = (await post(service.app, '/jobs', body, { authorization })).json()
  const files = [{ filename: `${SECRET}.txt`, size_bytes: 1 }]
  const ingest = (await post(service.app, '/ingest/start', { files, labels }, { authorization })).json()
  clock.advance(2_000)
  return { service, ids: { job: job.job_id, ingest: ingest.job_id, file: ingest.files[0].file_id } }
}

/** The path of a route with what is ours in it. */
function urlOf({ path }: Route, ids: Record<string, string>): string {
  const id = path.startsWith('/ingest/') ? ids.ingest : ids.job
  return path
    .replace(':job_id', id ?? '')
    .replace(':file_id', ids.file ?? '')
    .replace(':bucket/*', 'longshore/datasets/a.bin')
    .replace('/docs/*', '/docs/json')
    .replaceAll(/:\w+/g, 'some-name')
}

function ask(service: TestService, route: Route, url: string, key?: string): Promise<LightMyRequestResponse> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return service.app.inject({ method: route.method, url, headers })
}

test('every route that needs a key refuses who has none, a wrong one or one that has ended', async () => {
  const { service, ids } = await openService()
  await using _ = service
  for (const [name, route] of KEYED) {
    for (const key of [undefined, 'a-key-that-nobody-made', EXPIRED, `${OURS} `.repeat(2).trim()]) {
      const answer = await ask(service, route, urlOf(route, ids), key)
      assert.equal(answer.statusCode, 401, `${name} with ${key}`)
      assertProblem(answer, 'UNAUTHENTICATED')
    }
  }
})

test('every route that needs a scope refuses each key without it, and names it', async () => {
  const { service, ids } = await openService()
  await using _ = service
  for (const [name, route] of KEYED) {
    for (const scope of SCOPES) {
      if (route.access === scope && ENDLESS.includes(name)) continue
      const answer = await ask(service, route, urlOf(route, ids), keyOf(scope))
      if (route.access === 'known' || route.access === scope) {
        assert.notEqual(answer.statusCode, 401, name)
        if (answer.statusCode === 403) assert.match(answer.json().detail, /without a tenant/, name)
      } else {
        assert.ok(assertProblem(answer, 'FORBIDDEN').detail.includes(`"${route.access}"`), name)
      }
    }
  }
})

test('no route tells another tenant anything of ours, or changes it, by a path or by a body', async () => {
  const { service, ids } = await openService()
  await using _ = service
  const before = JSON.stringify(await service.jobs.get(ids.job ?? ''))
  for (const [name, route] of KEYED.filter(([each]) => !ENDLESS.includes(each))) {
    const url = urlOf(route, ids)
    const answer = await ask(service, route, url, THEIRS)
    assert.ok(!answer.body.includes(SECRET), name)
    if (route.path.includes(':job_id')) assert.equal(answer.statusCode, 404, name)
  }
  assertProblem(await ask(service, ROUTES.jobEvents, urlOf(ROUTES.jobEvents, ids), THEIRS), 'JOB_NOT_FOUND')
  assert.equal(JSON.stringify(await service.jobs.get(ids.job ?? '')), before)
  assert.ok(await service.engine.ingests.get(ids.ingest ?? ''))
})

test('an open route asks for no key, and a signed one for a signature that no key stands for', async () => {
  const { service, ids } = await openService()
  await using _ = service
  for (const [name, route] of EVERY.filter(([, { access }]) => access === 'open')) {
    assert.equal((await ask(service, route, urlOf(route, ids))).statusCode, 200, name)
  }
  for (const [, route] of EVERY.filter(([, { access }]) => access === 'signed')) {
    assertProblem(await ask(service, route, urlOf(route, ids)), 'SIGNATURE_INVALID')
    assertProblem(await ask(service, route, urlOf(route, ids), OURS), 'SIGNATURE_INVALID')
  }
})

test('what the API page shows without a key is the description, and nothing of what is in the service', async () => {
  const { service, ids } = await openService()
  await using _ = service
  const described = (await service.app.inject({ url: '/openapi.json' })).json()
  assert.deepEqual((await service.app.inject({ url: '/docs/json' })).json(), described)
  assert.deepEqual(parse((await service.app.inject({ url: '/docs/yaml' })).body), described)
  for (const url of ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']) {
    const { statusCode, body } = await service.app.inject({ url })
    assert.equal(statusCode, 200, url)
    for (const secret of [SECRET, ...Object.values(ids)]) assert.ok(!body.includes(secret), url)
  }
})

test('no route that needs a key takes a field of the query that it does not read', async () => {
  await using bare = await openTestService()
  const queries = new Map<string, z.ZodType | undefined>()
  bare.app.addHook('onRoute', ({ method, url, schema }) => {
    queries.set(`${method} ${url}`, schema?.querystring as z.ZodType | undefined)
  })
  await bare.app.ready()
  for (const [name, { method, path }] of KEYED) {
    const taken = queries.get(`${method} ${path}`)?.safeParse({ nonsense: '1' })
    assert.equal(taken?.success, false, name)
  }
  const { service, ids } = await openService()
  await using _ = service
  for (const name of ['workers', 'stats', 'jobOutputs', 'cancelJob', 'deleteJob'] as const) {
    const answer = await ask(service, ROUTES[name], `${urlOf(ROUTES[name], ids)}?nonsense=1`, OURS)
    assert.match(assertProblem(answer, 'VALIDATION_FAILED').detail, /\/query.*nonsense/, name)
  }
})

test('docs/secure.md has a row for every route, with what it needs', () => {
  const page = readFileSync(new URL('../../docs/secure.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z]+) (\S+)` \| (.+?) \|$/gm)].map(([, method, path, needs]) => [
    `${method} ${path}`,
    needs,
  ])
  const expected = EVERY.map(([, { method, path, access, takesToken }]) => [
    `${method} ${path}`,
    NEEDS[access] + (takesToken ? ', or a read token of the job' : ''),
  ])
  assert.deepEqual(rows, expected)
})

const NEEDS: Readonly<Record<Route['access'], string>> = {
  open: 'nothing',
  signed: 'a signed URL',
  known: 'any key',
  submit: 'scope `submit`',
  read: 'scope `read`',
  operate: 'scope `operate`',
}
