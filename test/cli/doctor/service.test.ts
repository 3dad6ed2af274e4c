import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobClient } from '@longshore/client'
import { checkService } from '../../../src/cli/doctor/service.ts'
import { openTestService } from '../../support/test-service.ts'

const KEY = 'a-key-of-the-service'

async function check(url: string, apiKey?: string) {
  return checkService(new JobClient({ url, apiKey, retry: { tries: 1 } }), url)
}

test('a service that is ready and takes the key is fine', async () => {
  await using service = await openTestService({ settings: { API_KEYS: KEY } })
  const url = await service.listen()
  assert.deepEqual(await check(url, KEY), {
    check: 'service',
    verdict: 'ok',
    message: `test 1.2.3 at ${url} is ready`,
  })
})

test('a key that is missing or not known fails', async () => {
  await using service = await openTestService({ settings: { API_KEYS: KEY } })
  const url = await service.listen()
  for (const [key, message] of [
    [undefined, 'Send an API key as `Authorization: Bearer <key>`.'],
    ['another-key', 'The API key is not known.'],
  ] as const) {
    assert.deepEqual(await check(url, key), {
      check: 'service',
      verdict: 'failed',
      message,
      todo: 'Set LONGSHORE_API_KEY to a key that the service knows',
    })
  }
})

test('a service that is not ready tells why', async () => {
  await using service = await openTestService({ readiness: async () => ['The store is away.'] })
  const url = await service.listen()
  const { verdict, message } = await check(url)
  assert.deepEqual([verdict, message], ['warning', `test 1.2.3 at ${url} is not ready: The store is away.`])
})

test('an address where nobody answers fails', async () => {
  const { verdict, message, todo } = await check('http://127.0.0.1:9')
  assert.equal(verdict, 'failed')
  assert.match(message, /^http:\/\/127\.0\.0\.1:9 cannot be reached/)
  assert.equal(todo, 'Start the service, or correct LONGSHORE_URL')
})

test('an address of something else fails', async () => {
  await using service = await openTestService()
  const { verdict, todo } = await check(`${await service.listen()}/docs`)
  assert.equal(verdict, 'failed')
  assert.equal(todo, 'Check that LONGSHORE_URL is the address of a Longshore service')
})
