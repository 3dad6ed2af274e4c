import { Queue, Worker } from 'bullmq'
import { lookForInput } from './look-for-input.ts'
import { serveRival } from './rival-service.ts'
import { tellBegun } from './tell-begun.ts'

/**
 * Fastify and BullMQ, as its guide "Going to production" wants it: a worker with a concurrency, commands that wait for a
 * reconnect. Ended jobs are kept, so that GET finds them. Arguments: port of the Redis, concurrency, role.
 */
const [, , port = '', concurrency = '64', role = 'all'] = process.argv
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null }
const queue = new Queue('noop', { connection })
const run = async (): Promise<unknown> => {
  await lookForInput()
  tellBegun()
  return {}
}
const worker = role === 'api' ? undefined : new Worker('noop', run, { connection, concurrency: Number(concurrency) })
await Promise.all([queue.waitUntilReady(), worker?.waitUntilReady()])

await serveRival({
  add: async (payload) => (await queue.add('noop', payload, { attempts: 3 })).id ?? '',
  get: async (id) => {
    const job = await queue.getJob(id)
    return job && { status: await job.getState(), result: job.returnvalue }
  },
  unfinished: async () => {
    const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed')
    return waiting + active + delayed
  },
  close: async () => {
    await worker?.close(true)
    await queue.close()
  },
})
