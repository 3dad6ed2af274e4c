import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient } from '@longshore/client'
import { openTestService, type TestService } from '../support/test-service.ts'
import { submitted } from '../support/wire.ts'
import { rejects } from './rejects.ts'

describe('of an action whose answer is lost on its way', () => {
  test('a cancel is told as what it was', async () => {
    await using service = await openTestService()
    const { client, sent } = await losing(service, 'POST', 1)
    const job = await client.cancelJob(await submitted(service.app))
    assert.deepEqual([job.status, sent()], ['cancelled', 2])
  })

  test('a retry queues the job once, even when it has ended again meanwhile', async () => {
    await using service = await openTestService()
    const id = await submitted(service.app)
    await service.jobs.cancel(id)
    const { client, sent } = await losing(service, 'POST', 1, async () => {
      await service.jobs.cancel(id)
    })
    const job = await client.retryJob(id)
    assert.deepEqual([job.status, sent()], ['cancelled', 1])
    const events = (await service.engine.since(id, 0, 100)).map(({ type }) => type)
    assert.deepEqual(events, ['job.queued', 'job.cancelled', 'job.requeued', 'job.cancelled'])
  })

  test('a delete is done', async () => {
    await using service = await openTestService()
    const id = await submitted(service.app)
    await service.jobs.cancel(id)
    const { client, sent } = await losing(service, 'DELETE', 1)
    await client.deleteJob(id)
    assert.equal(sent(), 2)
  })
})

describe('a mistake is told as one', () => {
  test('when a job that has not ended is retried, answers lost or not', async () => {
    await using service = await openTestService()
    const id = await submitted(service.app)
    for (const lost of [0, 1]) {
      const { client } = await losing(service, 'POST', lost)
      await rejects(client.retryJob(id), { code: 'JOB_NOT_RETRYABLE', status: 409 })
    }
  })

  test('when a completed job is cancelled', async () => {
    await using service = await openTestService()
    const id = await submitted(service.app)
    await service.settle(await service.claim(), { type: 'completed', result: null, outputs: [] })
    await rejects(new JobClient({ url: await service.listen() }).cancelJob(id), { code: 'JOB_FINAL', status: 409 })
  })

  test('when a job that never was is deleted', async () => {
    await using service = await openTestService()
    await rejects(new JobClient({ url: await service.listen() }).deleteJob('none'), { name: 'JobNotFoundError' })
  })
})

/** A client that loses the first `lost` answers to requests of a method, after the service has done what they asked. */
async function losing(service: TestService, method: string, lost: number, onLost = async () => {}) {
  const url = service.app.server.listening ? addressOf(service) : await service.listen()
  let sent = 0
  const client = new JobClient({
    url,
    retry: { baseMs: 0 },
    fetch: async (target, init) => {
      const response = await fetch(target, init)
      if (init?.method !== method) return response
      sent += 1
      if (sent > lost) return response
      await response.arrayBuffer()
      await onLost()
      throw new TypeError('terminated')
    },
  })
  return { client, sent: () => sent }
}

function addressOf(service: TestService): string {
  const address = service.app.server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}
