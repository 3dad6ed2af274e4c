import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JOB_EVENT_TYPES } from '../../src/job/event.ts'
import { isFinal, type JobState } from '../../src/job/job.ts'
import { mayHappen, TRANSITIONS } from '../../src/job/transitions.ts'

const STATES: readonly (JobState | 'none')[] = ['none', 'queued', 'processing', 'completed', 'failed', 'cancelled']

test('these moves are legal and no other', () => {
  const legal = JOB_EVENT_TYPES.flatMap((event) =>
    STATES.filter((from) => mayHappen(event, from)).map((from) => `${event}: ${from} -> ${TRANSITIONS[event].to}`),
  )
  assert.deepEqual(legal, [
    'job.queued: none -> queued',
    'job.started: queued -> processing',
    'job.progressed: processing -> same',
    'job.retried: processing -> queued',
    'job.snoozed: processing -> queued',
    'job.interrupted: processing -> queued',
    'job.rescued: processing -> queued',
    'job.cancel_requested: processing -> same',
    'job.requeued: failed -> queued',
    'job.requeued: cancelled -> queued',
    'job.completed: processing -> completed',
    'job.failed: processing -> failed',
    'job.cancelled: queued -> cancelled',
    'job.cancelled: processing -> cancelled',
  ])
})

test('a completed job stays completed', () => {
  assert.ok(JOB_EVENT_TYPES.every((event) => !mayHappen(event, 'completed')))
  assert.ok(isFinal('completed'))
})
