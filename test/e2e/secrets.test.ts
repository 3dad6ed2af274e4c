import assert from 'node:assert/strict'
import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MAIN = join(import.meta.dirname, '../support/leaky-main.ts')
const KEY = 'an-api-key-"quoted"-and-long'
const SIGNING_SECRET = 'a-signing-secret-of-more-than-32-characters'
const PASSWORD = 'a-password-nobody-may-see'

const SPOKEN = [
  `Authorization: Bearer ${KEY}`,
  `the key is ${KEY}`,
  `signed with ${SIGNING_SECRET}`,
  `https://user:${PASSWORD}@example.org/`,
  `https://s3.example.org/b/k?X-Amz-Signature=${PASSWORD}`,
]

test('no secret reaches the log or the lines kept with a job, whoever logs it', async () => {
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path, API_KEYS: KEY, SIGNING_SECRET, LOG_LEVEL: 'trace' }
  await using service = await startService(settings, MAIN)
  const headers = { authorization: `Bearer ${KEY}`, prefer: 'wait=20' }
  const submit = async (parameters: unknown) => {
    const body = new FormData()
    body.append('file', new Blob(['x']), 'x.txt')
    body.append('parameters', JSON.stringify(parameters))
    const answer = await fetch(`${service.url}/ingest/upload`, { method: 'POST', headers, body })
    return (await answer.json()) as { job_id: string; status: string }
  }
  const failed = await submit(SPOKEN)
  assert.equal(failed.status, 'failed')
  const url = await breakOutput(service.url, headers, (await submit({})).job_id, folder.path)
  assert.equal((await fetch(url)).status, 503)
  const kept = await (await fetch(`${service.url}/jobs/${failed.job_id}/logs`, { headers })).text()
  await service.kill('SIGTERM')

  const log = service.lines.join('\n')
  assert.ok(service.lines.filter((line) => line.includes(failed.job_id)).length >= 3 * SPOKEN.length)
  assert.match(log, /signature=\[redacted\]/, 'the failed download was logged')
  const quoted = JSON.stringify(KEY).slice(1, -1)
  const signature = new URL(url).searchParams.get('signature') ?? ''
  assert.ok(signature.length > 20)
  for (const secret of [KEY, quoted, SIGNING_SECRET, PASSWORD, signature]) {
    assert.ok(!log.includes(secret), `${secret} in the log`)
    assert.ok(!kept.includes(secret), `${secret} in the lines of the job`)
  }
})

/** Puts a link to itself where an output lies, so that downloading it is a fault of the service; answers its signed URL. */
async function breakOutput(
  service: string,
  headers: Record<string, string>,
  id: string,
  dataDir: string,
): Promise<string> {
  const answer = await fetch(`${service}/jobs/${id}/outputs`, { headers })
  const { outputs } = (await answer.json()) as { outputs: { uri: string; url: string }[] }
  const [output = assert.fail('no output')] = outputs
  const path = join(dataDir, 'objects', output.uri.replace('s3://', ''))
  await rm(path)
  await symlink(path, path)
  return output.url
}
