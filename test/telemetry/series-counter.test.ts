import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Counter, Registry } from 'prom-client'
import { SeriesCounter } from '../../src/telemetry/series-counter.ts'

const OPTIONS = { name: 'some_total', help: 'Some things', labelNames: ['state', 'grouped'] }

const counted = fc.record({
  state: fc.constantFrom('completed', 'failed'),
  grouped: fc.constantFrom('yes', 'no'),
  by: fc.nat(5),
})

test('a series counter tells what one of prom-client tells of the same counts, however often it is read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(counted, { maxLength: 20 }), async (given) => {
      const [ours, theirs] = [new Registry(), new Registry()]
      const series = new SeriesCounter({ ...OPTIONS, registry: ours })
      const plain = new Counter({ ...OPTIONS, registers: [theirs] })
      for (const { state, grouped, by } of given) {
        series.add(`${state} ${grouped}`, by)
        plain.inc({ state, grouped }, by)
        assert.equal(await ours.metrics(), await theirs.metrics())
      }
    }),
  )
})

test('a count is one unless it is said', async () => {
  const registry = new Registry()
  const series = new SeriesCounter({ name: 'some_total', help: 'Some things', labelNames: ['state'], registry })
  series.add('failed')
  series.add('failed')
  assert.match(await registry.metrics(), /^some_total\{state="failed"\} 2$/m)
})
