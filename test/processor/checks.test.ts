import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { checkParameters, checkResult, parseParameters } from '../../src/processor/checks.ts'

const Known = z.object({ station: z.string().refine(async (name) => name === 'north', 'no such station') })
const ANY = z.unknown()

test('parameters that do not fit are refused with the path of each fault', async () => {
  const Schema = z.object({ factor: z.number() })
  const refusal = { code: 'PARAMETERS_INVALID', message: /\/parameters\/factor/ }
  assert.throws(() => checkParameters(Schema, { factor: 'x' }), refusal)
  await assert.rejects(parseParameters(Schema, null), { code: 'PARAMETERS_INVALID' })
})

test('a schema with asynchronous checks is held against the parameters when the job runs', async () => {
  checkParameters(Known, { station: 'south' })
  await assert.rejects(parseParameters(Known, { station: 'south' }), { code: 'PARAMETERS_INVALID' })
  assert.deepEqual(await parseParameters(Known, { station: 'north' }), { station: 'north' })
})

test('a result that JSON cannot hold, or that is data, is refused and says why', async () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  for (const result of [10n, cycle, () => 1, Symbol('s'), 'x'.repeat(17 * 1024 * 1024)]) {
    await assert.rejects(checkResult(ANY, result), { code: 'RESULT_INVALID' })
  }
  assert.equal(await checkResult(ANY, undefined), null)
})
