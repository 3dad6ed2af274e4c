import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { ApiError } from '../../client/src/errors.ts'
import { DEFAULT_RETRY, withRetries } from '../../client/src/retry-policy.ts'

describe('making a request again', () => {
  test('waits as long as the service asks, and not shorter', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const action = failing(1, 7000)
    const done = withRetries(DEFAULT_RETRY, undefined, action)
    await turn()
    t.mock.timers.tick(6999)
    await turn()
    assert.equal(action.mock.callCount(), 1)
    t.mock.timers.tick(1)
    assert.equal(await done, 'done')
  })

  for (const random of [0.25, 1]) {
    test(`waits a random time below a ceiling that doubles up to its cap: ${random} of it`, async (t) => {
      t.mock.method(Math, 'random', () => random)
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const action = failing(4)
      const done = withRetries({ ...DEFAULT_RETRY, tries: 5, baseMs: 100, capMs: 300 }, undefined, action)
      for (const [i, ceiling] of [100, 200, 300, 300].entries()) {
        await turn()
        t.mock.timers.tick(random * ceiling - 1)
        await turn()
        assert.equal(action.mock.callCount(), i + 1)
        t.mock.timers.tick(1)
      }
      assert.equal(await done, 'done')
    })
  }

  test('is not done for a mistake of another kind', async () => {
    const action = mock.fn(() => Promise.reject(new TypeError('a mistake')))
    await assert.rejects(withRetries(DEFAULT_RETRY, undefined, action), /a mistake/)
    assert.equal(action.mock.callCount(), 1)
  })
})

/** Fails so many times in a way that may pass, then answers. */
function failing(times: number, retryAfterMs?: number) {
  return mock.fn(async () => {
    const facts = { code: 'NOT_READY', message: 'later', status: 503, retryable: true, retryAfterMs }
    if (times-- > 0) throw new ApiError(facts)
    return 'done'
  })
}

function turn(): Promise<void> {
  return new Promise(setImmediate)
}
