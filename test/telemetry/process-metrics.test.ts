import assert from 'node:assert/strict'
import perfHooks from 'node:perf_hooks'
import { test } from 'node:test'
import { metricsOf } from '../support/metrics-here.ts'

test('the event loop is not woken up to be watched before somebody scrapes', async (t) => {
  const watch = t.mock.method(perfHooks, 'monitorEventLoopDelay')
  const metrics = metricsOf()
  assert.equal(watch.mock.callCount(), 0)
  assert.match(await metrics.render(), /^nodejs_eventloop_lag_p99_seconds /m)
  assert.equal(watch.mock.callCount(), 1)
  await metrics.render()
  assert.equal(watch.mock.callCount(), 1)
})
