import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'pg'
import { noHelm, render, VALUES } from '../support/helm.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('what KEDA asks the database is the age of the queue: of jobs that are due, in seconds', {
  skip: noHelm,
}, async (t) => {
  await using server = await startPostgres()
  if (server === undefined) return t.skip('no PostgreSQL')
  await using folder = await tempFolder()
  await using service = await startService({
    ROLE: 'api',
    DATABASE_URL: server.url,
    DATABASE_SCHEMA: 'jobs_of_mine',
    DATA_DIR: folder.path,
    OBJECTS_DIR: `${folder.path}/objects`,
    SIGNING_SECRET: 'a secret that all replicas of this site share',
  })
  const settings = { ...VALUES.settings, DATABASE_SCHEMA: 'jobs_of_mine' }
  const manifests = render({ ...VALUES, settings, worker: { autoscaling: { kind: 'keda' } } })
  const { query } = manifests.find(({ kind }) => kind === 'ScaledObject')?.spec.triggers[0].metadata ?? {}
  await using database = await connect(server.url)
  const age = async (): Promise<number> => {
    const { rows } = await database.client.query<[string]>({ text: query, rowMode: 'array' })
    assert.deepEqual([rows.length, rows[0]?.length], [1, 1], 'KEDA takes one number')
    return Number(rows[0]?.[0])
  }
  const submit = async (more: object): Promise<void> => {
    const body = JSON.stringify({ manifest_inline: { files: ['s3://longshore/a'] }, ...more })
    const headers = { 'content-type': 'application/json' }
    assert.equal((await fetch(`${service.url}/jobs`, { method: 'POST', headers, body })).status, 202)
  }

  assert.equal(await age(), 0, 'an empty queue')
  await submit({ delay_seconds: 3600 })
  assert.equal(await age(), 0, 'a job that is not due waits for its time, not for a worker')
  await submit({})
  await database.client.query('UPDATE jobs_of_mine.jobs SET run_at = run_at - 90000 WHERE phase = 1')
  const seconds = await age()
  assert.ok(seconds >= 90 && seconds < 150, `${seconds} s`)
})

async function connect(url: string): Promise<{ client: Client } & AsyncDisposable> {
  const client = new Client(url)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
