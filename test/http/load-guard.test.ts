import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { LongshoreError } from '../../src/base/errors.ts'
import { loadGuard } from '../../src/http/load-guard.ts'
import { openTestService } from '../support/test-service.ts'

/** An event loop in the test's hand. */
function loop() {
  let now = 0
  let atEnd: (() => void)[] = []
  const time = {
    now: () => now,
    afterThisTurn: (call: () => void): void => {
      atEnd.push(call)
    },
  }
  const guard = loadGuard(1_000, time, () => 0.5)
  const ask = (): LongshoreError | undefined => guard({} as never)
  const turn = (requests: number, tookMs: number): (LongshoreError | undefined)[] => {
    const answers = Array.from({ length: requests }, ask)
    now += tookMs
    for (const call of atEnd.splice(0)) call()
    return answers
  }
  return { turn, idle: (ms: number) => (now += ms), pending: () => atEnd.length, reset: () => (atEnd = []) }
}

test('a flood that holds up the loop is refused, with the time after which it is worth to come back', () => {
  const { turn, idle } = loop()
  assert.deepEqual(new Set(turn(500, 2_000)), new Set([undefined]))
  const [refused] = turn(1, 1)
  assert.equal(refused?.code, 'OVERLOADED')
  assert.equal(refused?.retryAfterMs, 2_000 + 2_000 * 1.5)
  idle(2_000)
  assert.deepEqual(turn(1, 1), [undefined])
})

test('few requests that a busy processor held up are not refused, nor is a flood that is begun in time', () => {
  const { turn } = loop()
  turn(99, 30_000)
  assert.deepEqual(turn(1, 1), [undefined])
  turn(10_000, 999)
  assert.deepEqual(turn(1, 1), [undefined])
})

test('nothing is measured while no request comes', () => {
  const { turn, pending } = loop()
  assert.equal(pending(), 0)
  turn(3, 1)
  assert.equal(pending(), 0)
})

test('a service answers a flood over its sockets with 503 and when to come back, its health meanwhile with 200', async () => {
  await using service = await openTestService({ limits: { loopDelayMs: 1 } })
  const { port } = new URL(await service.listen())
  const flood = (path: string, count: number): Promise<string> => {
    const requests = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(count - 1)
    return text(
      connect(Number(port), '127.0.0.1').end(`${requests}GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
    )
  }
  const answers: string[] = []
  while (!answers.at(-1)?.includes('OVERLOADED')) {
    const [, health = '', ...jobs] = await Promise.all([
      flood('/jobs', 300),
      flood('/healthz', 1),
      ...Array.from({ length: 20 }, () => flood('/jobs', 20)),
    ])
    assert.match(health, /^HTTP\/1\.1 200 /)
    answers.push(jobs.join(''))
  }
  assert.match(answers.at(-1) ?? '', /HTTP\/1\.1 503 .*\r\nretry-after: [1-9]\d*\r\n/s)
})
