import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { parseExposition, sampleOf } from '../support/exposition.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { openScriptedService } from '../support/scripted-service.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { spansOf, treeOf } from '../support/trace-recorder.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

test('a job that one replica takes and another runs is in one trace, and counted once', { skip }, async () => {
  await using objects = await tempFolder()
  const shared = {
    DATABASE_URL: server?.url ?? '',
    DATABASE_SCHEMA: `traced_${randomBytes(5).toString('hex')}`,
    OBJECTS_DIR: objects.path,
    SIGNING_SECRET: 'a secret that all replicas of this site share',
  }
  await using front = await openScriptedService(() => assert.fail('the API role runs no jobs'), {
    ...shared,
    ROLE: 'api',
  })
  await using back = await openScriptedService(() => null, { ...shared, ROLE: 'worker' })
  const traceId = randomBytes(16).toString('hex')
  const body = new FormData()
  body.append('file', new Blob(['x']), 'x.txt')
  const headers = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` }
  const answer = await fetch(`${front.api.url}/ingest/upload`, { method: 'POST', headers, body })
  await front.api.ended(((await answer.json()) as { job_id: string }).job_id)
  const tree = treeOf(spansOf(traceId))
  assert.deepEqual(tree.slice(0, 2), ['POST /ingest/upload', '  job.enqueue'])
  assert.ok(tree.includes('      job.settle'), tree.join('\n'))

  const scrape = async (url: string) => parseExposition(await (await fetch(`${url}/metrics`)).text())
  const [atFront, atBack] = await Promise.all([scrape(front.api.url), scrape(back.api.url)])
  const counts = (name: string, labels: Record<string, string>) =>
    [atFront, atBack].map((found) => sampleOf(found, name, labels) ?? 0)
  assert.deepEqual(counts('longshore_jobs_submitted_total', { grouped: 'no' }), [1, 0])
  assert.deepEqual(counts('longshore_jobs_ended_total', { state: 'completed', grouped: 'no' }), [0, 1])
  assert.deepEqual(counts('longshore_worker_slots', {}), [0, 3])
  assert.deepEqual(counts('longshore_jobs', { state: 'completed' }), [1, 1], 'the whole service, told by each')
})
