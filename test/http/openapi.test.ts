import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import * as activity from '../../src/contract/activity.ts'
import * as ingest from '../../src/contract/ingest.ts'
import * as job from '../../src/contract/job.ts'
import * as problem from '../../src/contract/problem.ts'
import { ROUTES, type Route } from '../../src/contract/routes.ts'
import * as schedule from '../../src/contract/schedule.ts'
import * as health from '../../src/contract/service.ts'
import * as webhook from '../../src/contract/webhook.ts'
import { EXAMPLES } from '../../src/http/openapi-examples.ts'
import { openTestService } from '../support/test-service.ts'

interface Description {
  openapi: string
  paths: Record<
    string,
    Record<string, { operationId: string; security: unknown[]; responses: Record<string, unknown> }>
  >
  components: { schemas: Record<string, { examples?: unknown[] }> }
}

async function description(app: FastifyInstance): Promise<Description> {
  return (await app.inject({ url: '/openapi.json' })).json<Description>()
}

/** Every route Fastify is given, without the HEAD that goes with a GET; the files of the API page are one of the table. */
async function registered(app: FastifyInstance): Promise<string[]> {
  const found = new Set<string>()
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) found.add(`${each} ${url.replace(/^\/docs\/.*/, ROUTES.docsPages.path)}`)
  })
  await app.ready()
  return [...found].filter((route) => !route.startsWith('HEAD ')).sort()
}

const TABLE = Object.values(ROUTES)
  .map(({ method, path }) => `${method} ${path}`)
  .sort()

test('the routes that are registered are those of the table', async () => {
  await using service = await openTestService()
  assert.deepEqual(await registered(service.app), TABLE)
})

test('OpenAPI describes exactly the routes of the table, by their names', async () => {
  await using service = await openTestService()
  const { openapi, paths } = await description(service.app)
  assert.equal(openapi, '3.1.0')
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId }]) => `${operationId}: ${method.toUpperCase()} ${path}`),
  )
  const expected = Object.entries(ROUTES).map(
    ([name, { method, path }]) => `${name}: ${method} ${path.replace('*', ':key').replaceAll(/:(\w+)/g, '{$1}')}`,
  )
  assert.deepEqual(described.sort(), expected.sort())
})

test('every operation says whether it needs a key, and that it may answer a problem', async () => {
  await using service = await openTestService()
  const { paths } = await description(service.app)
  for (const operation of Object.values(paths).flatMap((operations) => Object.values(operations))) {
    const route: Route = ROUTES[operation.operationId as keyof typeof ROUTES]
    const isFree = route.access === 'open' || route.access === 'signed'
    const key = { apiKey: route.access === 'known' ? [] : [route.access] }
    const expected = isFree ? [] : [key, ...(route.takesToken ? [{ readToken: [] }] : [])]
    assert.deepEqual(operation.security, expected, operation.operationId)
    if (!operation.operationId.startsWith('docs')) assert.ok(operation.responses.default, operation.operationId)
  }
})

test('every reference of the description leads to a schema, and every schema is referred to', async () => {
  await using service = await openTestService()
  const whole = await description(service.app)
  const refs = [...JSON.stringify(whole).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)
  assert.deepEqual([...new Set(refs)].sort(), Object.keys(whole.components.schemas).sort())
})

test('the API page asks no other host for anything', async () => {
  await using service = await openTestService()
  const page = await service.app.inject({ url: '/docs' })
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  assert.doesNotMatch(page.body, /https?:\/\//)
  for (const [, path = ''] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.equal((await service.app.inject({ url: path })).statusCode, 200, path)
  }
})

test('a form is described with every field that a submit takes', () => {
  const fields = Object.keys(ingest.UploadForm.shape)
  assert.deepEqual(fields.sort(), ['file', ...Object.keys(job.JobOptions.shape)].sort())
})

test('every schema of the description has an example, and every example fits its schema', async () => {
  await using service = await openTestService()
  const { components } = await description(service.app)
  const contracts = [
    ...Object.values(activity),
    ...Object.values(ingest),
    ...Object.values(job),
    ...Object.values(problem),
    ...Object.values(schedule),
    ...Object.values(health),
    ...Object.values(webhook),
  ]
  const schemas = new Map(contracts.flatMap((each) => (each instanceof z.ZodType ? [[each.meta()?.id, each]] : [])))
  assert.deepEqual([...Object.keys(EXAMPLES), 'UploadForm'].sort(), Object.keys(components.schemas).sort())
  for (const [name, example] of Object.entries(EXAMPLES)) {
    assert.deepEqual(components.schemas[name]?.examples, [example])
    const parsed = schemas.get(name)?.safeParse(example)
    assert.ok(parsed?.success, `${name}: ${parsed?.error}`)
    assert.deepEqual(parsed.data, example, name)
  }
})
