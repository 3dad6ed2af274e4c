import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PostAnswer } from '../../src/webhook/post.ts'
import { verdictOf } from '../../src/webhook/verdict.ts'

const NOW = Date.UTC(2026, 2, 1)
const DAY_MS = 86_400_000
const EXPIRES_AT = NOW + DAY_MS

function judge(answer: PostAnswer, circumstances: { retries?: number; now?: number; random?: number } = {}) {
  return verdictOf(answer, { now: NOW, random: 0.5, retries: 0, expiresAt: EXPIRES_AT, ...circumstances })
}

const answered = (status: number, retryAfter?: string): PostAnswer => ({ status, retryAfter })
const silent: PostAnswer = { status: null, failure: 'It refused the connection.', isRefused: false }

test('2xx is delivered', () => {
  for (const status of [200, 201, 202, 204, 299]) {
    assert.deepEqual(judge(answered(status)), { state: 'delivered', dueAt: null, error: null })
  }
})

test('410 and a refused address end it, all else is tried again', () => {
  assert.equal(judge(answered(410)).state, 'failed')
  assert.equal(judge({ status: null, failure: 'no', isRefused: true }).state, 'failed')
  for (const status of [301, 302, 307, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 999]) {
    assert.equal(judge(answered(status)).state, 'pending', String(status))
  }
  assert.deepEqual(judge(silent), { state: 'pending', dueAt: NOW + 2_500, error: 'It refused the connection.' })
})

test('the pause has full jitter below a ceiling that doubles to two hours', () => {
  const dueIn = (retries: number, random: number) => (judge(silent, { retries, random }).dueAt ?? 0) - NOW
  assert.deepEqual([dueIn(0, 0), dueIn(0, 0.999), dueIn(3, 0.5)], [0, 4_995, 20_000])
  assert.deepEqual([dueIn(11, 0.5), dueIn(60, 0.5)], [3_600_000, 3_600_000])
})

test('Retry-After is kept to, in seconds and as a date, up to six hours, and never hastens', () => {
  const dueIn = (retryAfter: string) => (judge(answered(503, retryAfter)).dueAt ?? 0) - NOW
  assert.equal(dueIn('120'), 120_000)
  assert.equal(dueIn(new Date(NOW + 60_000).toUTCString()), 60_000)
  assert.equal(dueIn('999999'), 6 * 3_600_000)
  for (const useless of ['0', '-5', 'soon', '1e9', new Date(NOW - 60_000).toUTCString()]) {
    assert.equal(dueIn(useless), 2_500, useless)
  }
})

test('whatever a receiver does, it is told for a day, and once more at its end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(silent, answered(500), answered(429, '20000')), fc.nat(999)), { minLength: 1 }),
      (answers) => {
        let now = NOW
        for (let retries = 0; ; retries++) {
          const [answer, random] = answers[retries % answers.length] ?? [silent, 0]
          // Chance that is always 0 would never get to the end of the day.
          const verdict = judge(answer, { now, retries, random: Math.max(random, 10) / 1000 })
          if (verdict.state === 'failed') break
          assert.ok(verdict.dueAt !== null && verdict.dueAt > now && verdict.dueAt <= EXPIRES_AT)
          now = verdict.dueAt
        }
        assert.equal(now, EXPIRES_AT)
      },
    ),
  )
})

test('a delivery whose day passed while the service was away is tried once', () => {
  assert.equal(judge(silent, { now: EXPIRES_AT + DAY_MS }).state, 'failed')
  assert.equal(judge(answered(204), { now: EXPIRES_AT + DAY_MS }).state, 'delivered')
})
