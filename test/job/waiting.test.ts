import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshJob } from '../../src/engine/record/fresh-job.ts'
import type { NewJob } from '../../src/job/job.ts'
import { type Surroundings, type WorkerRoom, waitingFor } from '../../src/job/waiting.ts'
import { newJob } from '../support/new-job.ts'

const NOW = 1_000_000

function worker(cpu: number, wishes: Partial<WorkerRoom> = {}): WorkerRoom {
  const budget = { cpu, memoryBytes: 100, scratchBytes: 100 }
  return { worker: 'w', slots: 2, running: 0, budget, used: { cpu: 0, memoryBytes: 0, scratchBytes: 0 }, ...wishes }
}

function why(job: Partial<NewJob>, workers: readonly WorkerRoom[], around: Partial<Surroundings> = {}) {
  const none = { groupRunning: 0, groupLimit: undefined, tenantRunning: 0, tenantLimit: undefined }
  const all = { workers, ...none, ...around }
  return waitingFor(freshJob(newJob(NOW, job)), NOW, all)
}

const THREE = { cpu: 3, memoryBytes: 0, scratchBytes: 0 }

test('a job says what it waits for, the most lasting reason first', () => {
  assert.equal(why({ runAt: NOW + 1, resources: THREE }, []).reason, 'due_time')
  assert.equal(why({ resources: THREE }, []).reason, 'worker')
  assert.equal(why({ resources: THREE, group: 'g' }, [worker(2)], { groupRunning: 1, groupLimit: 1 }).reason, 'budget')
  assert.equal(why({ group: 'g' }, [worker(2)], { groupRunning: 1, groupLimit: 1 }).reason, 'group_limit')
  const limited = { groupRunning: 1, groupLimit: 1, tenantRunning: 2, tenantLimit: 2 }
  const { reason, message } = why({ tenant: 'acme', group: 'g' }, [worker(2)], limited)
  assert.equal(reason, 'tenant_limit')
  assert.match(message, /^2 jobs of its tenant run/)
  assert.equal(why({ group: 'g' }, [worker(2)], { tenantRunning: 2, tenantLimit: 2 }).reason, 'turn')
  assert.equal(why({ resources: THREE }, [worker(4, { running: 2 }), worker(2)]).reason, 'slot')
  assert.equal(why({}, [worker(2)]).reason, 'turn')
})

test('what is short is named, with how much is needed and how much is free', () => {
  const used = { cpu: 2, memoryBytes: 99, scratchBytes: 0 }
  const busy = [worker(4, { used })]
  assert.deepEqual(why({ resources: THREE }, busy), {
    reason: 'cpu',
    message: 'It needs 3 processors, at most 2 processors are free.',
    largestBudget: { cpu: 4, memoryBytes: 100, scratchBytes: 100 },
  })
  assert.equal(why({ resources: { cpu: 1, memoryBytes: 2, scratchBytes: 0 } }, busy).reason, 'memory')
  assert.equal(why({ resources: { cpu: 1, memoryBytes: 1, scratchBytes: 100 } }, busy).reason, 'turn')
})

test('what no worker has is named with the most that one has', () => {
  const { reason, message } = why({ resources: { cpu: 9, memoryBytes: 500, scratchBytes: 1 } }, [worker(2), worker(4)])
  assert.equal(reason, 'budget')
  assert.match(message, /9 processors \(the largest worker has 4 processors\) and 500 bytes of memory/)
})

test('a worker without a limit has room for all', () => {
  const waiting = why({ resources: THREE }, [worker(2, { budget: null })])
  assert.deepEqual([waiting.reason, waiting.largestBudget], ['turn', null])
})
