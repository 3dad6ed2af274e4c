import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Claims } from '../../src/engine/postgres/claims.ts'
import { Dispatcher } from '../../src/engine/postgres/dispatcher.ts'
import { freshJob } from '../../src/engine/record/fresh-job.ts'
import { claimableAtBirth, type FreeSlots } from '../../src/engine/record/newborn.ts'
import { SlotDispatch } from '../../src/engine/slot-dispatch.ts'
import type { Lease, NewJob } from '../../src/job/job.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { newJob } from '../support/new-job.ts'

const FREE: FreeSlots = {
  slots: 2,
  room: { cpu: 4, memoryBytes: Infinity, scratchBytes: Infinity },
  isLimited: false,
}

/** The ids of those that are claimable of jobs with the ids a, b, c …, which came one ms after the other. */
function claimable(wishes: readonly Partial<NewJob>[], free: Partial<FreeSlots> = {}): string {
  const jobs = wishes.map((wish, n) => newJob(n, { id: 'abcdef'[n] ?? '', ...wish }))
  return claimableAtBirth(jobs, { ...FREE, ...free })
    .map(({ id }) => id)
    .join('')
}

const needs = (cpu: number) => ({ resources: { cpu, memoryBytes: 0, scratchBytes: 0 } })

test('as many new jobs are claimed as there are slots: by priority, then the oldest', () => {
  assert.equal(claimable([{}, {}, { priority: 3 }]), 'ca')
  assert.equal(claimable([{}], { slots: 0 }), '')
})

test('nothing is claimed behind a new job that has no room', () => {
  assert.equal(claimable([needs(3), needs(2), needs(1)], { slots: 3 }), 'a')
  assert.equal(claimable([needs(5), {}]), '')
})

test('new jobs with groups are claimed only all at once: their turn is not known here', () => {
  assert.equal(claimable([{ group: 'x' }, { group: 'y' }]), 'ab')
  assert.equal(claimable([{ group: 'x' }, {}, {}]), '')
})

test('of each priority, one new job of each group begins after the other', () => {
  const wishes = [{ group: 'x' }, { group: 'x' }, { group: 'y' }, {}, { group: 'y', priority: 1 }]
  assert.equal(claimable(wishes, { slots: 5 }), 'eacdb')
})

test('with a limit only new jobs are claimed that it does not concern', () => {
  assert.equal(claimable([{}, {}], { isLimited: true }), 'ab')
  assert.equal(claimable([{}, { group: 'x' }], { isLimited: true }), '')
})

test('while a claim is under way only new jobs are claimed that need nothing: what it takes is not known yet', () => {
  const nothing = async (): Promise<void> => {}
  const never = new Promise<never>(() => {})
  const claims = { next: () => never, served() {} } as unknown as Claims
  const rest = { now: () => 0, claimed() {}, ring: nothing, tellOthers() {}, request() {} }
  const dispatcher = new Dispatcher({ claims, ...rest })
  const owner = {
    clock: new ManualClock(),
    renew: () => undefined,
    ended() {},
    giveBack: nothing,
    quiet: nothing,
    onError() {},
  }
  const dispatch = new SlotDispatch({ worker: 'w', concurrency: 2, leaseMs: 1, budget: FREE.room }, () => never, owner)
  dispatcher.add(dispatch)
  dispatch.begin({ num: 1, phase: 2, job: freshJob(newJob(0, { id: 'running' })), events: '' })
  dispatcher.fill()
  dispatcher.noteSettled({ jobId: 'running', attempt: 0, token: 0, worker: 'w', expiresAt: 0 })
  assert.equal(dispatcher.keepSlots([newJob(0, needs(1))], 0), undefined)
  assert.equal(dispatcher.keepSlots([newJob(0)], 0)?.jobs.size, 1)
})

test('new jobs wait for a claim to come, but for none while what is ready fits no slot here', async () => {
  const nothing = async (): Promise<void> => {}
  const claims = { next: async () => ({ entries: [], more: true }), served() {} } as unknown as Claims
  const rest = { now: () => 0, claimed() {}, ring: nothing, tellOthers() {}, request() {} }
  const dispatcher = new Dispatcher({ claims, ...rest })
  const owner = { renew: (lease: Lease) => lease, ended() {}, giveBack: nothing, quiet: nothing, onError() {} }
  const options = { worker: 'w', concurrency: 1, leaseMs: 60_000 }
  const dispatch = new SlotDispatch(options, nothing, { clock: new ManualClock(), ...owner })
  for (let n = 0; n < 32; n++) {
    dispatch.begin({ num: n, phase: 2, job: freshJob(newJob(0, { id: `${n}` })), events: '' })
    dispatch.noteSettled({ jobId: `${n}`, attempt: 0, token: 0, worker: 'w', expiresAt: 0 })
    await new Promise(setImmediate)
  }
  dispatcher.add(dispatch)
  const claim = dispatcher.emptying
  assert.ok(claim)
  await dispatcher.fill()
  await claim
  assert.equal(dispatcher.emptying, undefined)
})
