import assert from 'node:assert/strict'
import { test } from 'node:test'
import { submit } from '../conformance/job-engine/bench.ts'
import { scheduleRecordsConformance } from '../conformance/schedule-records.ts'
import { newJob } from '../support/new-job.ts'
import { newSchedule } from '../support/new-schedule.ts'
import { TestWorker } from '../support/test-worker.ts'
import { sqliteBench } from './sqlite-bench.ts'

scheduleRecordsConformance('the embedded engine', () => sqliteBench())

test('of jobs that a schedule makes and those submitted at that moment, the highest priority begins', async () => {
  await using bench = await sqliteBench()
  const { engine, clock } = bench
  const schedule = newSchedule(clock.now())
  await engine.schedules.create(schedule)
  const worker = new TestWorker(engine)
  const jobs = ['low', 'lower'].map((id, n) => newJob(clock.now(), { id, priority: -n }))
  await Promise.all([engine.schedules.change([{ schedule, jobs }]), submit(bench, { id: 'high', priority: 9 })])
  const { job, end } = await worker.next()
  assert.equal(job.id, 'high')
  end()
})
