import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueLook } from '../../src/engine/activity.ts'
import type { JobEvent, JobEventType } from '../../src/job/event.ts'
import { JOB_EVENT_TYPES } from '../../src/job/event.ts'
import type { Job } from '../../src/job/job.ts'
import { queueGroup } from '../../src/job/queue-group.ts'
import { type Family, parseExposition, sampleOf } from '../support/exposition.ts'
import { job, metricsOf, NOTHING_DUE, STATES } from '../support/metrics-here.ts'

async function scrape(metrics: { render(): Promise<string> }): Promise<Map<string, Family>> {
  return parseExposition(await metrics.render())
}

function event(type: JobEventType, of: Pick<Job, 'id' | 'state' | 'createdAt'>, data: JobEvent['data'] = {}): JobEvent {
  return { jobId: of.id, seq: 1, type, state: of.state, at: of.createdAt + 2_000, data }
}

test('a job is counted once when it is accepted and once when it ends, with its whole time', async () => {
  const metrics = metricsOf()
  metrics.hearEvent(event('job.queued', job()), job())
  metrics.hearEvent(event('job.started', job({ state: 'processing' })), job({ state: 'processing' }))
  metrics.hearEvent(event('job.completed', job({ state: 'completed' })), job({ state: 'completed' }))
  const found = await scrape(metrics)
  assert.equal(sampleOf(found, 'longshore_jobs_submitted_total', { grouped: 'no' }), 1)
  assert.equal(sampleOf(found, 'longshore_jobs_ended_total', { state: 'completed', grouped: 'no' }), 1)
  assert.equal(sampleOf(found, 'longshore_jobs_ended_total', { state: 'failed', grouped: 'no' }), 0)
  assert.equal(sampleOf(found, 'longshore_job_duration_seconds_sum', { state: 'completed' }), 2)
  assert.equal(sampleOf(found, 'longshore_job_duration_seconds_bucket', { state: 'completed', le: '1' }), 0)
  assert.equal(sampleOf(found, 'longshore_job_duration_seconds_bucket', { state: 'completed', le: '5' }), 1)
})

test('a way back to the queue is counted by its reason, and a failure by its code', async () => {
  const metrics = metricsOf()
  const reasons = { 'job.retried': 'retry', 'job.rescued': 'rescue', 'job.snoozed': 'snooze' } as const
  for (const type of ['job.retried', 'job.rescued', 'job.snoozed'] as const) {
    metrics.hearEvent(event(type, job(), type === 'job.snoozed' ? {} : { code: 'TIMEOUT' }), job())
  }
  const found = await scrape(metrics)
  for (const reason of Object.values(reasons)) {
    assert.equal(sampleOf(found, 'longshore_jobs_requeued_total', { reason }), 1, reason)
  }
  assert.equal(sampleOf(found, 'longshore_jobs_requeued_total', { reason: 'person' }), 0)
  assert.equal(sampleOf(found, 'longshore_attempt_failures_total', { code: 'TIMEOUT' }), 2)
})

test('no label takes what submitters or processors name', async () => {
  const metrics = metricsOf()
  for (let n = 0; n < 50; n++) {
    const named = job({ id: `id-${n}`, group: `group-${n}`, state: 'failed', labels: { tenant: `label-${n}` } })
    for (const type of JOB_EVENT_TYPES) {
      metrics.hearEvent(
        event(type, named, { code: `CODE-${n}`, message: `message-${n}`, worker: `worker-${n}` }),
        named,
      )
    }
  }
  const text = await metrics.render()
  assert.doesNotMatch(text, /(id|group|label|CODE|message|worker)-\d/)
  assert.equal(sampleOf(parseExposition(text), 'longshore_attempt_failures_total', { code: 'OTHER' }), 600)
  assert.equal(sampleOf(parseExposition(text), 'longshore_jobs_submitted_total', { grouped: 'yes' }), 50)
})

test('calls are timed in seconds and counted by their code when they fail', async () => {
  const metrics = metricsOf()
  metrics.hearFact({ type: 'engine.called', verb: 'insert', durationMs: 20, code: undefined })
  metrics.hearFact({ type: 'engine.called', verb: 'insert', durationMs: 30, code: 'ENGINE_UNAVAILABLE' })
  metrics.hearFact({ type: 'store.called', verb: 'put', durationMs: 10, code: undefined, bytes: 1_000 })
  metrics.hearFact({ type: 'store.called', verb: 'get', durationMs: 10, code: 'OTHER', bytes: 0 })
  const found = await scrape(metrics)
  assert.equal(sampleOf(found, 'longshore_engine_call_duration_seconds_sum', { verb: 'insert' }), 0.05)
  assert.equal(sampleOf(found, 'longshore_engine_call_duration_seconds_count', { verb: 'insert' }), 2)
  assert.equal(sampleOf(found, 'longshore_engine_errors_total', { verb: 'insert', code: 'ENGINE_UNAVAILABLE' }), 1)
  assert.equal(sampleOf(found, 'longshore_store_written_bytes_total'), 1_000)
  assert.equal(sampleOf(found, 'longshore_store_errors_total', { verb: 'get', code: 'OTHER' }), 1)
})

test('attempts under way are gauged by stage, bytes by their direction, verdicts by what they are', async () => {
  const metrics = metricsOf()
  for (const stage of ['download', 'process', 'process'] as const) metrics.hearFact({ type: 'stage.began', stage })
  metrics.hearFact({ type: 'stage.ended', stage: 'download', durationMs: 1_500, bytes: 70 })
  metrics.hearFact({ type: 'stage.ended', stage: 'output', durationMs: 1, bytes: 5 })
  metrics.hearFact({ type: 'stage.ended', stage: 'wait', durationMs: 1, bytes: 0 })
  metrics.hearFact({ type: 'attempt.ended', verdict: 'lost' })
  const found = await scrape(metrics)
  assert.equal(sampleOf(found, 'longshore_attempts_running', { stage: 'process' }), 2)
  assert.equal(sampleOf(found, 'longshore_attempts_running', { stage: 'download' }), 0)
  assert.equal(sampleOf(found, 'longshore_attempts_running', { stage: 'wait' }), undefined)
  assert.equal(sampleOf(found, 'longshore_stage_duration_seconds_sum', { stage: 'download' }), 1.5)
  assert.equal(sampleOf(found, 'longshore_input_bytes_total'), 70)
  assert.equal(sampleOf(found, 'longshore_output_bytes_total'), 5)
  assert.equal(sampleOf(found, 'longshore_attempts_total', { outcome: 'lost' }), 1)
})

test('requests are told apart by route pattern and class of the answer', async () => {
  const metrics = metricsOf()
  for (const status of [200, 204, 404, 503]) {
    metrics.hearFact({ type: 'request.answered', method: 'GET', route: '/jobs/:job_id', status, durationMs: 4 })
  }
  const found = await scrape(metrics)
  const count = (status: string) =>
    sampleOf(found, 'longshore_http_request_duration_seconds_count', { route: '/jobs/:job_id', status })
  assert.deepEqual([count('2xx'), count('4xx'), count('5xx'), count('3xx')], [2, 1, 1, undefined])
})

test('a job of a tenant without a group of its own is not counted as one of a group', async () => {
  const metrics = metricsOf()
  for (const group of [undefined, 'night']) {
    const submitted = job({ tenant: 'acme', group: queueGroup('acme', group) })
    metrics.hearEvent(event('job.queued', submitted), submitted)
  }
  const found = await scrape(metrics)
  const count = (grouped: string) => sampleOf(found, 'longshore_jobs_submitted_total', { grouped })
  assert.deepEqual([count('no'), count('yes')], [1, 1])
})

test('refusals are counted by their code, and held requests as many as there are', async () => {
  const metrics = metricsOf()
  for (const code of ['OVERLOADED', 'OVERLOADED', 'JOB_NOT_FOUND']) metrics.hearFact({ type: 'request.refused', code })
  for (const count of [1, 2, 1]) metrics.hearFact({ type: 'requests.held', count })
  const found = await scrape(metrics)
  assert.equal(sampleOf(found, 'longshore_http_problems_total', { code: 'OVERLOADED' }), 2)
  assert.equal(sampleOf(found, 'longshore_http_problems_total', { code: 'JOB_NOT_FOUND' }), 1)
  assert.equal(sampleOf(found, 'longshore_http_problems_total', { code: 'UNAUTHENTICATED' }), 0)
  assert.equal(sampleOf(found, 'longshore_http_held_requests'), 1)
})

test('a scrape reads the queue as it is then', async () => {
  const scraped = { states: { ...STATES, queued: 4 } }
  const look = { grouped: { jobs: 3, oldestDueAt: 7_000 }, ungrouped: { jobs: 1, oldestDueAt: 9_000 } }
  let due: QueueLook = look
  const metrics = metricsOf({ counts: async () => scraped, queue: async () => due })
  const before = await scrape(metrics)
  const classes = (found: Map<string, Family>, name: string) =>
    ['yes', 'no'].map((grouped) => sampleOf(found, name, { grouped }))
  assert.equal(sampleOf(before, 'longshore_jobs', { state: 'queued' }), 4)
  assert.deepEqual(classes(before, 'longshore_queue_due_jobs'), [3, 1])
  assert.deepEqual(classes(before, 'longshore_queue_oldest_due_age_seconds'), [3, 1])
  scraped.states.queued = 0
  due = NOTHING_DUE
  const after = await scrape(metrics)
  assert.equal(sampleOf(after, 'longshore_jobs', { state: 'queued' }), 0)
  assert.deepEqual(classes(after, 'longshore_queue_due_jobs'), [0, 0])
  assert.deepEqual(classes(after, 'longshore_queue_oldest_due_age_seconds'), [0, 0])
})

test('an engine that does not answer is told, and its figures are left out instead of kept', async () => {
  let reachable = true
  const reach = async <Answer>(answer: Answer): Promise<Answer> => {
    if (!reachable) throw new Error('unreachable')
    return answer
  }
  const due = { ...NOTHING_DUE, ungrouped: { jobs: 1, oldestDueAt: 1_000 } }
  const metrics = metricsOf({ counts: () => reach({ states: STATES }), queue: () => reach(due) })
  assert.equal(sampleOf(await scrape(metrics), 'longshore_engine_up'), 1)
  reachable = false
  const found = await scrape(metrics)
  assert.equal(sampleOf(found, 'longshore_engine_up'), 0)
  assert.equal(sampleOf(found, 'longshore_jobs', { state: 'queued' }), undefined)
  assert.equal(sampleOf(found, 'longshore_queue_oldest_due_age_seconds', { grouped: 'no' }), undefined)
  assert.ok((sampleOf(found, 'longshore_data_dir_free_bytes') ?? 0) > 0, 'the rest is there')
  reachable = true
  assert.equal(sampleOf(await scrape(metrics), 'longshore_queue_oldest_due_age_seconds', { grouped: 'no' }), 9)
})

test('two services of one process count apart', async () => {
  const one = metricsOf()
  const other = metricsOf()
  one.hearEvent(event('job.queued', job()), job())
  assert.equal(sampleOf(await scrape(one), 'longshore_jobs_submitted_total', { grouped: 'no' }), 1)
  assert.equal(sampleOf(await scrape(other), 'longshore_jobs_submitted_total', { grouped: 'no' }) ?? 0, 0)
})
