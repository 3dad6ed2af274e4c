import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { JobClient } from '@longshore/client'
import { createApp } from 'longshore'
import { Counter } from './processor.ts'

let folder: string
let app: ReturnType<typeof createApp>
let client: JobClient<typeof Counter>

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'project-name-'))
  app = createApp(new Counter(), { settings: { DATA_DIR: folder, LOG_LEVEL: 'error' } })
  client = new JobClient<typeof Counter>({ url: await app.listen({ port: 0 }) })
})

after(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

const TEXTS = [
  { name: 'one.txt', data: new Blob(['hello brave\n\nnew world\n']) },
  { name: 'two.txt', data: new Blob(['one more']) },
]

test('a job counts the lines and words of its files', async () => {
  const job = await client.waitForJob(await client.uploadFiles(TEXTS))
  assert.deepEqual(job.result, { files: 2, lines: 4, words: 6 })
})

test('empty lines are left out when the parameters say so', async () => {
  const job = await client.waitForJob(await client.uploadFiles(TEXTS, { parameters: { emptyLines: false } }))
  assert.deepEqual(job.result, { files: 2, lines: 3, words: 6 })
})

test('a line, and a word, may be longer than what is read at once', async () => {
  const long = { name: 'long.txt', data: new Blob(['x'.repeat(200_000), ' ', 'y z '.repeat(100_000)]) }
  const job = await client.waitForJob(await client.uploadFiles([long]))
  assert.deepEqual(job.result, { files: 1, lines: 1, words: 200_001 })
})

test('parameters that are not known are refused', async () => {
  const parameters: object = { emptylines: false }
  await assert.rejects(client.uploadFiles(TEXTS, { parameters }), /emptylines/)
})

test('the counts of each file are an output', async () => {
  const job = await client.waitForJob(await client.uploadFiles(TEXTS))
  const [counts] = await client.outputs(job.job_id)
  assert.ok(counts)
  const lines = (await (await client.download(counts.url)).text()).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { file: 'one.txt', lines: 3, words: 4 },
      { file: 'two.txt', lines: 1, words: 2 },
    ],
  )
})
