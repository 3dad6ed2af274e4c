import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as contract from '../../src/contract/job.ts'
import { openTestService } from '../support/test-service.ts'
import { assertProblem, post, submit, submitted } from '../support/wire.ts'

const NEEDS = { cpu: 1.5, memory_bytes: 2 ** 30 }

test('what a job takes is kept, by every way to submit, and told with the job', async () => {
  await using service = await openTestService()
  const id = await submitted(service.app, { resources: NEEDS })
  const read = await service.app.inject({ url: `/jobs/${id}` })
  const job = contract.Job.strict().parse(read.json())
  assert.deepEqual(job.resources, { ...NEEDS, scratch_bytes: 0 })
  assert.equal(job.waits_for?.reason, 'worker')
  const start = { files: [{ filename: 'a.txt', size_bytes: 1 }], resources: NEEDS }
  assert.equal((await post(service.app, '/ingest/start', start)).statusCode, 200)
  const plain = await service.app.inject({ url: `/jobs/${await submitted(service.app, { resources: { cpu: 0 } })}` })
  assert.equal(plain.json().resources, null)
})

test('a list tells what jobs take, not why they wait', async () => {
  await using service = await openTestService()
  await submitted(service.app, { resources: NEEDS })
  const [job] = contract.Job.strict()
    .array()
    .parse((await service.app.inject({ url: '/jobs' })).json())
  assert.deepEqual([job?.resources?.cpu, job?.waits_for], [1.5, null])
})

test('what cannot be meant is refused with its place', async () => {
  await using service = await openTestService()
  for (const resources of [{ cpu: -1 }, { memory_bytes: 1.5 }, { memory: 1 }, { scratch_bytes: '1' }, [], 7]) {
    const { errors } = assertProblem(await submit(service.app, { resources }), 'VALIDATION_FAILED')
    assert.ok(
      errors?.every(({ pointer }) => pointer.startsWith('/resources')),
      JSON.stringify(errors),
    )
  }
})
