import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Api } from '../support/api.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { openSite } from '../support/site.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const MIB = 1024 ** 2

interface Waiting {
  reason: string
  message: string
  largest_budget: { memory_bytes: number } | null
}

/** Why a job waits, once it is for this reason: what workers have is looked up once a second at most. */
async function waitsFor(api: Api, id: string, reason: string): Promise<Waiting> {
  for (;;) {
    const { waits_for } = await api.get<{ waits_for: Waiting | null }>(`/jobs/${id}`)
    if (waits_for?.reason === reason) return waits_for
    assert.notEqual(waits_for, null, `job ${id} waits no more`)
  }
}

test('replicas of different budgets share the jobs: each runs what fits, and what fits nowhere waits and says so', {
  skip,
}, async () => {
  await using site = await openSite(server)
  const front = new Api((await site.start({ ROLE: 'api' })).url)
  const submit = (memoryMb: number, workMs = 50): Promise<string> =>
    front.upload({ 'a.txt': 'a' }, { parameters: { workMs }, resources: { memory_bytes: memoryMb * MIB } })
  const lonely = await submit(1)
  await waitsFor(front, lonely, 'worker')
  await site.start({ ROLE: 'worker', WORKER_MEMORY_MB: '100' })
  await front.ended(lonely)

  const large = await Promise.all([submit(800), submit(900)])
  const small = await Promise.all([submit(60), submit(60), submit(100)])
  const never = await submit(5_000)
  for (const id of small) assert.equal((await front.ended(id)).status, 'completed')
  assert.equal((await waitsFor(front, large[0], 'budget')).largest_budget?.memory_bytes, 100 * MIB)

  const wide = await site.start({ ROLE: 'worker', WORKER_MEMORY_MB: '1000' })
  for (const id of large) {
    assert.equal((await front.ended(id)).status, 'completed')
    const [started] = (await front.events(id)).filter(({ event }) => event === 'job.started')
    assert.match(String(started?.data.worker), new RegExp(`-${wide.pid}-`))
  }
  const busy = await submit(700, 60_000)
  await front.until(busy, ({ status }) => status === 'processing')
  const waiting = await submit(500)
  assert.equal((await waitsFor(front, waiting, 'memory')).largest_budget?.memory_bytes, 1000 * MIB)
  assert.match((await waitsFor(front, never, 'budget')).message, /the largest worker has 1048576000 bytes/)
  const again = await submit(100)
  assert.equal((await front.ended(again)).status, 'completed', 'what fits nowhere holds nobody up')
})
