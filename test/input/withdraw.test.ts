import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withdraw } from '../../src/input/withdraw.ts'
import { COMPLETED } from '../conformance/job-engine/bench.ts'
import { openTestService } from '../support/test-service.ts'

test('a job that never ran is forgotten, whether it waits or was cancelled', async () => {
  await using service = await openTestService()
  const { jobs } = service
  assert.equal(await withdraw(jobs, 'nowhere'), false)
  for (const isCancelled of [false, true]) {
    await jobs.submit(jobs.draft({}, 'a'), { files: [] })
    if (isCancelled) await jobs.cancel('a')
    assert.equal(await withdraw(jobs, 'a'), false)
    assert.equal(await jobs.find('a'), undefined)
  }
})

test('a job that runs is asked to stop and stays; one that has ended stays as it is', async () => {
  await using service = await openTestService()
  const { jobs } = service
  await jobs.submit(jobs.draft({}, 'a'), { files: [] })
  const lease = await service.claim()
  assert.equal(await withdraw(jobs, 'a'), true)
  assert.notEqual((await jobs.get('a')).cancelRequestedAt, null)
  await service.settle(lease, COMPLETED)
  const ended = await jobs.get('a')
  assert.equal(await withdraw(jobs, 'a'), true)
  assert.deepEqual(await jobs.get('a'), ended)
})
