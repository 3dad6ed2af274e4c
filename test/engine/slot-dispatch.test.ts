import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { freshJob } from '../../src/engine/record/fresh-job.ts'
import { type DispatchOwner, SlotDispatch } from '../../src/engine/slot-dispatch.ts'
import type { Lease } from '../../src/job/job.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { newJob } from '../support/new-job.ts'

/** A dispatch with one slot whose runs end when told to. */
function openDispatch() {
  const clock = new ManualClock(0)
  const givenBack: string[] = []
  const ends = new Map<string, () => void>()
  const owner: DispatchOwner = {
    clock,
    renew: (lease) => lease,
    ended() {},
    quiet: async () => {},
    giveBack: async (leases) => void givenBack.push(...leases.map(({ jobId }) => `${jobId} at ${clock.now()}`)),
    onError: assert.ifError,
  }
  const run = ({ job }: { job: { id: string } }) => new Promise<void>((resolve) => ends.set(job.id, resolve))
  const dispatch = new SlotDispatch({ worker: 'w', concurrency: 1, leaseMs: 60_000 }, run, owner)
  return {
    clock,
    givenBack,
    dispatch,
    begin: (id: string) => dispatch.begin({ num: 1, phase: 2, job: freshJob(newJob(0, { id })), events: '' }),
    async end(id: string): Promise<void> {
      dispatch.noteSettled({ jobId: id, token: 0 } as Lease)
      ends.get(id)?.()
      await turn()
    },
  }
}

test('every claim waits half a second for a slot, whatever waited before it', async () => {
  const { clock, givenBack, begin, end } = openDispatch()
  begin('a')
  begin('b')
  await turn()
  clock.advance(300)
  await end('a')
  begin('c')
  clock.advance(499)
  assert.deepEqual(givenBack, [])
  clock.advance(1)
  assert.deepEqual(givenBack, ['c at 800'])
})

test('a claim that replaces a run which has settled is not given back: its slot is about to be free', async () => {
  const { clock, givenBack, dispatch, begin } = openDispatch()
  begin('a')
  await turn()
  dispatch.noteSettled({ jobId: 'a', token: 0 } as Lease)
  begin('b')
  clock.advance(60_000)
  assert.deepEqual(givenBack, [])
})

test('claims are made ahead after 32 short attempts, as many as there are slots', async () => {
  const { dispatch, begin, end } = openDispatch()
  for (let n = 0; n < 32; n++) {
    assert.equal(dispatch.ahead, 0)
    begin(`job ${n}`)
    await turn()
    await end(`job ${n}`)
  }
  assert.equal(dispatch.ahead, 1)
  await dispatch.stop()
  assert.equal(dispatch.ahead, 0)
})
