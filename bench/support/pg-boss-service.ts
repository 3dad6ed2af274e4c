import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'
import { lookForInput } from './look-for-input.ts'
import { serveRival } from './rival-service.ts'
import { tellBegun } from './tell-begun.ts'

/**
 * Fastify and pg-boss, tuned as its documentation says: woken by NOTIFY, jobs fetched in batches, without a pause while
 * batches are full, and settled one by one with a result of their own. Arguments: URL of the database, concurrency, role.
 */
const [, , url = '', concurrency = '64', role = 'all'] = process.argv
const boss = new PgBoss({ connectionString: url, useListenNotify: true, supervise: role !== 'api' })
boss.on('error', (thrown) => console.error(thrown))
await boss.start()
await boss.createQueue('noop', { notify: true, retryLimit: 2 })
const options = {
  batchSize: Number(concurrency),
  perJobResults: true,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
} as const
if (role !== 'api') {
  await boss.work('noop', options, async (jobs) => {
    await Promise.all(jobs.map(lookForInput))
    tellBegun()
    return jobs.map(({ id }) => ({ id, status: 'completed' as const, output: {} }))
  })
}
const pool = new Pool({ connectionString: url, max: 1 })

await serveRival({
  add: async (payload) => (await boss.send('noop', payload)) ?? '',
  get: async (id) => {
    const [job] = await boss.findJobs('noop', { id })
    return job && { status: job.state, result: job.output }
  },
  unfinished: async () => {
    const { rows } = await pool.query(
      "SELECT count(*) AS left FROM pgboss.job WHERE name = 'noop' AND state < 'completed'",
    )
    return Number(rows[0]?.left)
  },
  close: async () => {
    await boss.stop({ graceful: false })
    await pool.end()
  },
})
