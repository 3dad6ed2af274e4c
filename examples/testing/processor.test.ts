import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { JobClient } from '@longshore/client'
import { createApp } from 'longshore'
import { Words } from './processor.ts'

test('words are counted over all files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'words-'))
  const app = createApp(new Words(), { settings: { DATA_DIR: folder, LOG_LEVEL: 'error' } })
  try {
    const client = new JobClient<typeof Words>({ url: await app.listen({ port: 0 }) })
    const jobId = await client.uploadFiles([{ name: 'a.txt', data: new Blob(['hello brave new world']) }])
    assert.deepEqual((await client.waitForJob(jobId)).result, { words: 4 })
  } finally {
    await app.close()
    await rm(folder, { recursive: true })
  }
})
