import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Api } from '../support/api.ts'
import { openService } from '../support/service-here.ts'
import { type SmallDisk, smallDisk } from '../support/small-disk.ts'

async function openOn(disk: SmallDisk) {
  return openService({ MAX_ATTEMPTS: '1' }, disk)
}

const storedBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

test('an upload that does not fit answers 507, leaves nothing, and fits once there is space', async () => {
  const disk = await smallDisk(24)
  await using service = await openOn(disk)
  const { api } = service
  const form = new FormData()
  form.append('file', new Blob([Buffer.alloc(32 * 1024 * 1024)]), 'large.bin')
  const answer = await fetch(`${api.url}/ingest/upload`, { method: 'POST', body: form })
  assert.equal(answer.status, 507)
  const problem = (await answer.json()) as { code: string; retryable: boolean }
  assert.deepEqual([problem.code, problem.retryable], ['STORAGE_FULL', true])
  assert.deepEqual(storedBelow(join(disk.path, 'objects')), [])
  const job = await api.ended(await api.upload({ 'small.bin': 'small' }))
  assert.equal(job.status, 'completed')
})

test('a full disk under the engine answers 507, loses no accepted job, and works again when space returns', async () => {
  const disk = await smallDisk(24)
  await using service = await openOn(disk)
  const { api } = service
  const accepted = await api.upload({ 'a.txt': 'a' })
  await api.ended(accepted)
  const running = await api.upload({ 'b.txt': 'b' }, { parameters: { workMs: 600 } })
  // From the second step on it writes nothing but its progress, so that only its verdict meets the full disk.
  await api.until(running, (job) => job.progress?.stage === 'processing' && (job.progress.percent ?? 0) > 4)
  disk.fill()
  const uri = `s3://longshore/datasets/${accepted}/a.txt`
  const refused = await submitUntilRefused(api, uri)
  assert.equal(refused.status, 507)
  assert.equal(((await refused.json()) as { code: string }).code, 'STORAGE_FULL')
  assert.equal((await api.job(accepted)).status, 'completed', 'what is there can be read')
  disk.free()
  const verdict = await api.ended(running)
  assert.equal(verdict.status, 'completed', JSON.stringify(verdict.errors))
  assert.equal((await api.ended(await api.submit([uri]))).status, 'completed')
})

/** The write-ahead log has some room left in the file it already has; submits use it up. */
async function submitUntilRefused(api: Api, uri: string): Promise<Response> {
  for (;;) {
    const answer = await api.post('/jobs', {
      manifest_inline: { files: [uri] },
      delay_seconds: 3600,
      labels: { pad: 'x'.repeat(200) },
    })
    if (answer.status !== 202) return answer
    await answer.arrayBuffer()
  }
}

test('a job whose outputs do not fit fails with the reason, and leaves none of them', async () => {
  const disk = await smallDisk(24)
  await using service = await openOn(disk)
  const { api } = service
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { bulkMiB: 40 } })
  const job = await api.ended(id)
  assert.equal(job.status, 'failed')
  assert.equal(job.errors[0]?.code, 'STORAGE_FULL')
  assert.deepEqual(
    storedBelow(join(disk.path, 'objects')).filter((path) => path.includes('/results/')),
    [],
  )
  assert.equal((await api.ended(await api.upload({ 'b.txt': 'b' }))).status, 'completed')
})

test('inputs that would not fit on the work disk are refused before a byte is fetched', async () => {
  await using service = await openOn(await smallDisk(24))
  const { api } = service
  const id = await api.upload({ 'a.bin': new Uint8Array(14 * 1024 * 1024) })
  const job = await api.ended(id)
  assert.equal(job.status, 'failed')
  assert.equal(job.errors[0]?.code, 'STORAGE_FULL')
  assert.equal(job.files.bytes, 0)
})
