import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { SeriesHistogram } from '../../src/telemetry/series-histogram.ts'

const OPTIONS = { name: 'some_seconds', help: 'Some time, in seconds', labelNames: ['route', 'status'] }
const BUCKETS = [0.1, 1, 10]

const label = fc.constantFrom('/jobs', '/jobs/:job_id', 'none', '2xx', '5xx')
const value = fc.oneof(fc.constantFrom(0, 0.1, 1, 10, 10.5), fc.double({ min: 0, max: 100, noNaN: true }))
const observations = fc.array(fc.record({ route: label, status: label, value }), { maxLength: 40 })

/** The lines of a registry in an order of their own: that of labels means nothing. */
async function linesOf(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n')
  return lines.map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => labels.split(',').sort().join())).sort()
}

test('a series histogram tells what one of prom-client tells of the same values', async () => {
  await fc.assert(
    fc.asyncProperty(observations, async (given) => {
      const [ours, theirs] = [new Registry(), new Registry()]
      const series = new SeriesHistogram({ ...OPTIONS, buckets: BUCKETS, registry: ours })
      const plain = new Histogram({ ...OPTIONS, buckets: BUCKETS, registers: [theirs] })
      for (const { route, status, value } of given) {
        series.add(`${route} ${status}`, value)
        plain.observe({ route, status }, value)
      }
      assert.deepEqual(await linesOf(ours), await linesOf(theirs))
    }),
  )
})

test('it can be read as values too', async () => {
  const series = new SeriesHistogram({ ...OPTIONS, buckets: BUCKETS, registry: new Registry() })
  series.add('/jobs 2xx', 2)
  const { values } = await series.get()
  const count = values.find(({ metricName }) => metricName === 'some_seconds_count')
  assert.deepEqual(count?.labels, { route: '/jobs', status: '2xx' })
  assert.equal(count?.value, 1)
})
