import assert from 'node:assert/strict'
import { LongshoreError } from '@longshore/client'

/** Whether a call rejects with an error of the client that has these properties; texts may be given as patterns. */
export async function rejects(promise: Promise<unknown>, expected: Record<string, unknown>): Promise<void> {
  await assert.rejects(promise, (failure) => {
    assert.ok(failure instanceof LongshoreError, String(failure))
    for (const [key, value] of Object.entries(expected)) {
      const actual: unknown = Reflect.get(failure, key)
      if (value instanceof RegExp) assert.match(String(actual), value)
      else assert.equal(actual, value)
    }
    return true
  })
}
