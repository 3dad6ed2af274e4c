import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimableAtBirth, type FreeSlots } from '../../src/engine/postgres/newborn.ts'
import type { NewJob } from '../../src/job/job.ts'
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

test('with a limit only new jobs are claimed that it does not concern', () => {
  assert.equal(claimable([{}, {}], { isLimited: true }), 'ab')
  assert.equal(claimable([{}, { group: 'x' }], { isLimited: true }), '')
})
