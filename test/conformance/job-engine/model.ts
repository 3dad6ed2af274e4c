import assert from 'node:assert/strict'
import type { JobEngine } from '../../../src/engine/job-engine.ts'
import type { JobEventType } from '../../../src/job/event.ts'
import type { JobState, Lease } from '../../../src/job/job.ts'
import { mayHappen, TRANSITIONS } from '../../../src/job/transitions.ts'

/** What the model knows of one job. */
export interface ModelJob {
  state: JobState
  version: number
  attempt: number
  base: number
  maxAttempts: number
  runAt: number
  cancelRequested: boolean
  /** The newest lease, current while the job is in work. */
  lease: Lease | undefined
  expiresAt: number
}

/** What the jobs of an engine must have come to, kept in the plainest way. */
export class Model {
  readonly jobs = new Map<string, ModelJob>()
  /** Leases that are over. */
  readonly stale: Lease[] = []

  /** A job that fits, picked by a random number. */
  pick(choice: number, fits: (job: ModelJob) => boolean = () => true): [string, ModelJob] | undefined {
    const fitting = [...this.jobs].filter(([, job]) => fits(job))
    return fitting[choice % Math.max(1, fitting.length)]
  }

  /** A job's attempt is over. */
  end(job: ModelJob, state: JobState): void {
    if (job.lease) this.stale.push(job.lease)
    job.lease = undefined
    job.state = state
    job.version++
  }

  /** Holds every job of the engine against the model, and its events against the transition table. */
  async check(engine: JobEngine): Promise<void> {
    const counted: Record<JobState, number> = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }
    for (const [id, expected] of this.jobs) {
      counted[expected.state]++
      const job = await engine.get(id)
      const { state, version, attempt } = expected
      assert.partialDeepStrictEqual(job, { state, version, attempt })
      assert.equal(job?.cancelRequestedAt !== null, expected.cancelRequested)
      assert.equal(job?.completedAt !== null, state !== 'queued' && state !== 'processing')
      assert.equal(job?.worker !== null, state === 'processing')
      await checkEvents(engine, id, expected)
    }
    assert.deepEqual((await engine.counts()).states, counted)
    const { items } = await engine.list({ limit: 1_000 })
    assert.deepEqual(new Set(items.map(({ id }) => id)), new Set(this.jobs.keys()))
  }
}

async function checkEvents(engine: JobEngine, id: string, expected: ModelJob): Promise<void> {
  const events = await engine.since(id, 0, 10_000)
  let state: JobState | 'none' = 'none'
  for (const [index, event] of events.entries()) {
    assert.equal(event.seq, index + 1)
    assert.ok(mayHappen(event.type, state), `${event.type} happened to a job that was ${state}`)
    state = after(event.type, state)
    assert.equal(event.state, state)
  }
  assert.deepEqual([state, events.length], [expected.state, expected.version])
}

function after(type: JobEventType, state: JobState | 'none'): JobState | 'none' {
  const { to } = TRANSITIONS[type]
  return to === 'same' ? state : to
}
