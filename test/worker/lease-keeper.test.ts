import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LongshoreError } from '../../src/base/errors.ts'
import type { LeaseNews } from '../../src/engine/job-engine.ts'
import type { JobManager } from '../../src/engine/job-manager.ts'
import type { Lease } from '../../src/job/job.ts'
import { LeaseKeeper } from '../../src/worker/lease-keeper.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(answer: (leases: readonly Lease[]) => LeaseNews[] = () => []) {
  const clock = new ManualClock()
  const beats: string[][] = []
  const jobs: Pick<JobManager, 'heartbeat'> = {
    heartbeat: async (leases) => {
      beats.push(leases.map((lease) => lease.jobId))
      return answer(leases)
    },
  }
  const keeper = new LeaseKeeper({ jobs, clock, leaseMs: 30_000, onError: assert.ifError })
  return { clock, beats, keeper }
}

const lease = (jobId: string, token = 1): Lease => ({ jobId, token, attempt: 1, worker: 'w', expiresAt: 0 })
const settled = (): Promise<void> => new Promise(setImmediate)

test('all leases of a worker are extended by one heartbeat, three times per lease', async () => {
  const { clock, beats, keeper } = setUp()
  keeper.keep(lease('a'), () => {})
  keeper.keep(lease('b'), () => {})
  for (let third = 0; third < 3; third++) {
    clock.advance(10_000)
    await settled()
  }
  assert.deepEqual(beats, Array(3).fill(['a', 'b']))
})

test('without a lease there is neither heartbeat nor timer', async () => {
  const { clock, beats, keeper } = setUp()
  const release = keeper.keep(lease('a'), () => {})
  release()
  assert.equal(clock.pending, 0)
  clock.advance(60_000)
  assert.equal(beats.length, 0)
})

test('a lost lease and a requested cancel each abort their own attempt', async () => {
  const { clock, keeper } = setUp((leases) =>
    leases.map(({ jobId, token }) => ({
      jobId,
      token,
      lost: jobId === 'a',
      cancelRequested: jobId === 'b',
      expiresAt: 0,
    })),
  )
  const reasons: Record<string, string> = {}
  for (const id of ['a', 'b', 'c']) {
    keeper.keep(lease(id), (reason: LongshoreError) => {
      reasons[id] = reason.code
    })
  }
  clock.advance(10_000)
  await settled()
  assert.deepEqual(reasons, { a: 'LEASE_LOST', b: 'CANCELLED' })
})

test('news about an earlier claim of the same job does not touch the present one', async () => {
  const { clock, keeper } = setUp(() => [{ jobId: 'a', token: 1, lost: true, cancelRequested: false, expiresAt: 0 }])
  let aborted = false
  keeper.keep(lease('a', 2), () => {
    aborted = true
  })
  clock.advance(10_000)
  await settled()
  assert.equal(aborted, false)
})

test('a stop interrupts every attempt', () => {
  const { keeper } = setUp()
  const codes: string[] = []
  for (const id of ['a', 'b']) keeper.keep(lease(id), (reason) => codes.push(reason.code))
  keeper.interrupt()
  assert.deepEqual(codes, ['INTERRUPTED', 'INTERRUPTED'])
})

test('a cancel heard between the claim and the beginning of its attempt is not lost', async () => {
  const { keeper, beats } = setUp((leases) =>
    leases.map(({ jobId, token }) => ({ jobId, token, lost: false, cancelRequested: jobId === 'a', expiresAt: 0 })),
  )
  const codes: string[] = []
  keeper.cancel('a')
  keeper.keep(lease('a'), (reason) => codes.push(reason.code))
  await settled()
  assert.deepEqual(codes, ['CANCELLED'])
  assert.equal(beats.length, 1)
})

test('a cancel of an earlier attempt does not stop the present one', async () => {
  const { keeper } = setUp((leases) =>
    leases.map(({ jobId, token }) => ({ jobId, token, lost: false, cancelRequested: false, expiresAt: 0 })),
  )
  keeper.cancel('a')
  keeper.keep(lease('a', 2), () => assert.fail('it was not meant'))
  await settled()
})
