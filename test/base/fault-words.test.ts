import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { faultsOf } from '../../src/base/faults.ts'

const Body = z.strictObject({
  name: z.string().min(1).max(3),
  count: z.int().min(1).max(100).optional(),
  share: z.number().gt(0).optional(),
  kind: z.enum(['day', 'night']).optional(),
  status: z.union([z.enum(['done', 'failed']), z.array(z.enum(['done', 'failed']))]).optional(),
  at: z.iso.datetime().optional(),
  tags: z.array(z.string()).min(1).optional(),
  labels: z.record(z.string().min(1), z.string()).optional(),
  own: z
    .string()
    .refine(() => false, { error: 'expected what its author says' })
    .optional(),
})

const GIVEN: readonly [object, pointer: string, message: string][] = [
  [{}, '/name', 'is missing: expected a string'],
  [{ name: 5 }, '/name', 'expected a string, got a number'],
  [{ name: '' }, '/name', 'expected at least 1 character'],
  [{ name: 'long' }, '/name', 'expected at most 3 characters'],
  [{ name: 'a', count: 1.5 }, '/count', 'expected a whole number'],
  [{ name: 'a', count: Number.NaN }, '/count', 'expected a number'],
  [{ name: 'a', count: 101 }, '/count', 'expected at most 100'],
  [{ name: 'a', share: 0 }, '/share', 'expected more than 0'],
  [{ name: 'a', kind: 'dusk' }, '/kind', 'expected one of "day", "night"'],
  [{ name: 'a', status: 'gone' }, '/status', 'expected one of "done", "failed"'],
  [{ name: 'a', at: 'tomorrow' }, '/at', 'expected an instant like 2026-01-31T12:00:00Z'],
  [{ name: 'a', tags: [] }, '/tags', 'expected at least 1 item'],
  [{ name: 'a', labels: { '': 'x' } }, '/labels/', 'its name is not as expected: expected at least 1 character'],
  [{ name: 'a', nmae: 1 }, '', 'there is no "nmae" to give: leave it out, or see GET /docs for what there is'],
  [{ name: 'a', own: 'x' }, '/own', 'expected what its author says'],
]

for (const [given, pointer, message] of GIVEN) {
  test(`of ${JSON.stringify(given)} it is said where it is wrong and what was expected`, () => {
    const { error } = Body.safeParse(given)
    assert.ok(error)
    assert.deepEqual(faultsOf(error), [{ pointer, message }])
  })
}
