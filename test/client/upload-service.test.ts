import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { JobClient } from '@longshore/client'
import type { WireJob } from '../support/api.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openService } from '../support/service-here.ts'
import { nothingWritten, openTestService } from '../support/test-service.ts'

const FILES = [
  { name: 'a.txt', data: new Blob(['abc']) },
  { name: 'b.txt', data: new Blob(['defg']) },
]

/** Tells `after` of every answer before the client sees it. */
function fetchAnd(after: (path: string, method: string) => void | Promise<void>): typeof fetch {
  return async (url, init) => {
    const answer = await fetch(url, init)
    await after(new URL(String(url)).pathname, init?.method ?? 'GET')
    return answer
  }
}

test('an aborted upload leaves neither an ingest nor a part nor a job on the service', async () => {
  await using service = await openTestService()
  const stop = new AbortController()
  const client = new JobClient({
    url: await service.listen(),
    fetch: fetchAnd((_path, method) => {
      if (method === 'PUT') stop.abort(new Error('changed my mind'))
    }),
  })
  await assert.rejects(client.uploadFiles(FILES, { signal: stop.signal, concurrency: 1 }), /changed my mind/)
  assert.ok(await nothingWritten(service))
})

test('an upload aborted when its last file was just complete leaves no job and no object', async () => {
  await using service = await openService()
  const stop = new AbortController()
  let completed = 0
  const client = new JobClient({
    url: service.api.url,
    fetch: fetchAnd((path) => {
      if (path === '/ingest/complete' && ++completed === FILES.length) stop.abort(new Error('too late'))
    }),
  })
  const uploading = client.uploadFiles(FILES, { signal: stop.signal, parameters: { workMs: 60_000 } })
  await assert.rejects(uploading, /too late/)
  assert.equal(completed, FILES.length)
  assert.deepEqual(await service.api.get<WireJob[]>('/jobs'), [])
  const left = await readdir(join(service.dataDir, 'objects'), { recursive: true, withFileTypes: true })
  assert.deepEqual(
    left.filter((entry) => entry.isFile()),
    [],
  )
})

test('an abort never touches a job that was there before', async () => {
  await using service = await openService()
  const jobId = await new JobClient({ url: service.api.url }).uploadFiles(FILES)
  const stop = new AbortController()
  const fetch = fetchAnd((path) => {
    if (path === `/ingest/${jobId}`) stop.abort(new Error('too late'))
  })
  const resuming = new JobClient({ url: service.api.url, fetch }).uploadFiles(FILES, {
    resume: jobId,
    signal: stop.signal,
  })
  await assert.rejects(resuming, /too late/)
  assert.equal((await service.api.until(jobId, ({ status }) => status === 'completed')).files.done, FILES.length)
})

test('an upload whose URLs expired goes on with fresh ones, as long as the service keeps it', async () => {
  const clock = new ManualClock(Date.now())
  await using service = await openTestService({ clock, settings: { MULTIPART_URL_TTL_SECONDS: '60' } })
  const url = await service.listen()
  const puts: number[] = []
  let jobId = ''
  const client = new JobClient({
    url,
    fetch: async (target, init) => {
      if (init?.method === 'PUT' && puts.length === 0) await outliveUrls()
      const answer = await fetch(target, init)
      if (init?.method === 'PUT') puts.push(answer.status)
      return answer
    },
  })
  /** Somebody else keeps the upload alive, so that its URLs can expire before it does. */
  async function outliveUrls(): Promise<void> {
    const { ingest } = await service.ingests.state(jobId)
    clock.advance(50_000)
    await service.ingests.renewParts(jobId, ingest.files[0]?.id ?? '', [1])
    clock.advance(20_000)
  }
  const onStarted = (started: string): void => {
    jobId = started
  }
  await client.uploadFiles(FILES, { onStarted, concurrency: 1 })
  assert.deepEqual(puts, [403, 200, 403, 200])
  assert.equal((await service.jobs.get(jobId))?.state, 'queued')
})
