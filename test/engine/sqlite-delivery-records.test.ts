import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliveryRecordsConformance, describeTestEnd } from '../conformance/delivery-records.ts'
import { COMPLETED, runOne, submit } from '../conformance/job-engine/bench.ts'
import { sqliteBench } from './sqlite-bench.ts'

const openBench = () => sqliteBench({ describeEnd: describeTestEnd })

deliveryRecordsConformance('the embedded engine', openBench)

test('what a process that died was sending is due at the next start of the embedded engine', async () => {
  await using bench = await openBench()
  await submit(bench, { callbackUrl: 'https://a.example/' })
  const { id } = await runOne(bench, COMPLETED)
  const wish = { limit: 1, perHost: 1, maxBytes: 1_000_000, busy: new Map(), leaseMs: 30_000 }
  await bench.engine.deliveries.claim(wish)
  const engine = await bench.reopen()
  assert.equal((await engine.deliveries.list(id))[0]?.nextAt, bench.clock.now())
  assert.equal((await engine.deliveries.claim(wish)).deliveries[0]?.token, 2)
})
