import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { ImpatientClock } from '../support/impatient-clock.ts'
import { openService } from '../support/service-here.ts'
import { cli } from './cli.ts'

const MANIFEST = ['submit', '--manifest', 's3://longshore/list.jsonl']

test('submit waits for a service that is being started, and says so', async () => {
  await using service = await openService()
  const port = await freePort()
  const door = createServer((caller) => {
    const inside = connect(Number(new URL(service.api.url).port))
    for (const side of [caller, inside]) side.on('error', () => {})
    caller.pipe(inside).pipe(caller)
  })
  const { code, stdout, stderr } = await cli(MANIFEST, {
    env: { LONGSHORE_URL: `http://127.0.0.1:${port}` },
    onTold: (text) => {
      if (text.includes('Trying') && !door.listening) door.listen(port, '127.0.0.1')
    },
  })
  door.close()
  assert.match(stderr, /cannot be reached.*\nTrying for 10 s, should it be starting\n/)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^[0-9a-f-]{36}\n$/)
})

test('a service that does not come is told once, and then as an error', async () => {
  const clock = new ImpatientClock()
  const env = { LONGSHORE_URL: `http://127.0.0.1:${await freePort()}` }
  const { code, stdout, stderr } = await cli(MANIFEST, { env, clock })
  assert.equal(code, 3)
  assert.equal(stdout, '')
  assert.equal(stderr.split('Trying for').length, 2)
  assert.match(stderr, /\nerror: .*\(UNREACHABLE\)\nIs the service running\?/)
  assert.equal(
    clock.delays.reduce((sum, delay) => sum + delay, 0),
    10_000,
  )
})

test('what no wait can mend is told at once', async () => {
  await using service = await openService()
  const clock = new ImpatientClock()
  const env = { LONGSHORE_URL: `${service.api.url}/no-such-path` }
  const { code, stderr } = await cli(MANIFEST, { env, clock })
  assert.equal(code, 1)
  assert.doesNotMatch(stderr, /Trying/)
  assert.deepEqual(clock.delays, [])
})
