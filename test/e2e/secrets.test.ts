import assert from 'node:assert/strict'
import { rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROUTES, type Route } from '../../src/contract/routes.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { openReceiver, status } from '../support/receiver.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
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

const OLD_KEY = 'an-api-key-that-was-rotated-away'
const NEW_KEY = 'an-api-key-that-came-by-its-file'
const WEBHOOK_KEY = Buffer.from('webhook secret of 32 bytes, sir!').toString('base64')
const HOOK_TOKEN = 'a-word-in-the-query-of-a-callback-url'
const DATABASE_PASSWORD = 'a-password-of-the-database'
const WORDS = [OLD_KEY, NEW_KEY, SIGNING_SECRET, WEBHOOK_KEY, HOOK_TOKEN, DATABASE_PASSWORD]

/** Asks a service for everything, and keeps whatever it answered. */
class Interviewer {
  readonly answers: string[] = []
  readonly #service: ServiceProcess

  constructor(service: ServiceProcess) {
    this.#service = service
  }

  /** Answers the body; of an event stream what comes first. */
  async ask(
    method: string,
    path: string,
    { key = NEW_KEY, body }: { key?: string; body?: unknown } = {},
  ): Promise<string> {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(`${this.#service.url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: sent }),
    })
    const text = isStream(answer) ? await firstOf(answer) : await answer.text()
    this.answers.push(
      `${method} ${path.split('?')[0]} ${answer.status}\n${JSON.stringify([...answer.headers])}\n${text}`,
    )
    return text
  }

  /** Every route with a good key, with one that is refused, and with a body it cannot take that holds a key. */
  async walk(id: string): Promise<void> {
    for (const route of Object.values(ROUTES) as Route[]) {
      const path = route.path
        .replace(':job_id', id)
        .replace(':bucket/*', 'longshore/none')
        .replaceAll(/:\w+|\*/g, 'none')
      await this.ask(route.method, path)
      await this.ask(route.method, path, { key: OLD_KEY })
      if (route.method !== 'GET') await this.ask(route.method, path, { body: `{"api_key": "${NEW_KEY}", oops` })
    }
  }
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false
}

async function firstOf({ body }: Response): Promise<string> {
  const reader = body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return Buffer.from(value ?? []).toString()
}

async function logged(service: ServiceProcess, words: string): Promise<void> {
  while (!service.lines.some((line) => line.includes(words))) await new Promise((resolve) => setImmediate(resolve))
}

test('no answer, event, metric or line has a secret of the settings, whatever is asked for and however it fails', async (t) => {
  await using database = await startPostgres()
  if (database === undefined) return t.skip('no PostgreSQL here')
  await using folder = await tempFolder()
  await using receiver = await openReceiver(status(410))
  const databaseUrl = new URL(database.url)
  databaseUrl.password ||= DATABASE_PASSWORD
  const keysFile = join(folder.path, 'keys')
  await writeFile(keysFile, OLD_KEY)
  const settings = {
    ...{ DATA_DIR: folder.path, API_KEYS_FILE: keysFile, SIGNING_SECRET, LOG_LEVEL: 'trace' },
    DATABASE_URL: databaseUrl.href,
    ...{ WEBHOOK_SECRET: `whsec_${WEBHOOK_KEY}`, WEBHOOK_ALLOW_PRIVATE: 'true', DATABASE_SCHEMA: 'secrets' },
  }
  await using service = await startService(settings, MAIN)
  await writeFile(keysFile, NEW_KEY)
  await logged(service, 'API_KEYS_FILE has changed')

  const client = new Interviewer(service)
  const job = {
    manifest_inline: { files: ['s3://longshore/none.dat'] },
    callback_url: `${receiver.url}?key=${HOOK_TOKEN}`,
  }
  const missing = JSON.parse(await client.ask('POST', '/jobs', { body: job }))
  await logged(service, 'webhook.failed')
  const form = new FormData()
  form.append('file', new Blob(['x']), 'x.txt')
  const spoken = ['$SIGNING_SECRET', '$WEBHOOK_SECRET', '$DATABASE_URL', '$API_KEYS_FILE']
  form.append('parameters', JSON.stringify(spoken))
  const headers = { authorization: `Bearer ${NEW_KEY}`, prefer: 'wait=20' }
  const sent = await fetch(`${service.url}/ingest/upload`, { method: 'POST', headers, body: form })
  const leaky = (await sent.json()) as { job_id: string; status: string; error: string }
  assert.equal(leaky.status, 'failed')
  assert.match(leaky.error, /\[redacted\]/)
  client.answers.push(JSON.stringify(leaky))
  const schedule = { name: 'nightly', cron: '0 3 * * *', job }
  assert.match(await client.ask('POST', '/schedules', { body: schedule }), /nightly/)
  const { token } = JSON.parse(await client.ask('POST', `/jobs/${leaky.job_id}/tokens`, { body: {} })) as {
    token: string
  }
  client.answers.length -= 1
  await client.ask('GET', `/jobs/${leaky.job_id}?token=${token}`, { key: 'none' })
  for (const id of [missing.job_id, leaky.job_id]) await client.walk(id)
  const away = database.restart?.('SIGQUIT', 500)
  for (const path of ['/jobs', `/jobs/${leaky.job_id}?token=${token}`, '/readyz', '/metrics', '/stats'])
    await client.ask('GET', path)
  await away
  await service.kill('SIGTERM')

  const log = service.lines.join('\n')
  assert.match(log, /\[redacted\]/)
  for (const word of [...WORDS, token]) {
    assert.deepEqual(
      client.answers.filter((answer) => answer.includes(word)),
      [],
      `${word} in an answer`,
    )
    assert.deepEqual(
      service.lines.filter((line) => line.includes(word)),
      [],
      `${word} in the log`,
    )
  }
  assert.ok(client.answers.length > 100 && client.answers.some((answer) => answer.includes('longshore_jobs')))
})

/** What a service says that cannot start. */
function lastWords(settings: Record<string, string>): Promise<string> {
  return startService({ LOG_LEVEL: 'trace', ...settings }).then(
    () => assert.fail('it started'),
    (thrown: Error) => thrown.message,
  )
}

test('a database and a store that cannot be reached are told without their passwords', async () => {
  await using folder = await tempFolder()
  const nowhere = '127.0.0.1:1'
  const database = { DATABASE_URL: `postgres://longshore:${PASSWORD}@${nowhere}/jobs` }
  const store = {
    S3_ENDPOINT_URL: `http://${nowhere}`,
    S3_ACCESS_KEY: 'access',
    S3_SECRET_KEY: PASSWORD,
    S3_BUCKET: 'b-1',
  }
  for (const settings of [database, store]) {
    const words = await lastWords({ DATA_DIR: folder.path, ...settings })
    assert.match(words, /127\.0\.0\.1/)
    assert.ok(!words.includes(PASSWORD), words)
  }
})
