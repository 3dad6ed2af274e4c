import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { JobClient } from '@longshore/client'
import { submitForm } from './examples/submit-form.ts'
import { Api } from './support/api.ts'
import { WEBHOOK_SECRET } from './support/receiver.ts'
import { startService } from './support/service-process.ts'
import { tempFolder } from './support/temp-folder.ts'

const DEMO = fileURLToPath(new URL('../examples/ifcb-features/demo.ts', import.meta.url))
const PROCESS = fileURLToPath(new URL('../examples/process/main.ts', import.meta.url))
const COMMAND = fileURLToPath(new URL('../examples/command/main.ts', import.meta.url))
const RECEIVER = fileURLToPath(new URL('../examples/webhooks/receiver.ts', import.meta.url))
const MINIMAL = fileURLToPath(new URL('../examples/minimal/main.ts', import.meta.url))

for (const [name, main] of [
  ['minimal', MINIMAL],
  ['process', PROCESS],
] as const) {
  test(`the ${name} example takes a file as curl sends it and answers its digest`, async () => {
    await using folder = await tempFolder()
    await using service = await startService({ DATA_DIR: folder.path }, main)
    const jobId = await submitForm(service.url, [{ name: 'abc.txt', data: 'abc' }])
    const job = await new JobClient({ url: service.url }).waitForJob(jobId)
    assert.deepEqual([job.status, job.error], ['completed', null])
    assert.deepEqual(job.result, {
      digests: { 'abc.txt': 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
    })
    assert.equal(await service.kill('SIGTERM'), 0)
  })
}

test('the command example counts words in Python and leaves its table as an output', async () => {
  await using folder = await tempFolder()
  await using service = await startService({ DATA_DIR: folder.path }, COMMAND)
  const jobId = await submitForm(service.url, [{ name: 'hamlet.txt', data: 'to be or not to be' }])
  const job = await new JobClient({ url: service.url }).waitForJob(jobId)
  assert.deepEqual([job.status, job.error, job.result], ['completed', null, { words: 6, different: 4 }])
  const { outputs } = await new Api(service.url).get<{ outputs: { url: string }[] }>(`/jobs/${jobId}/outputs`)
  const table = await (await fetch(outputs[0]?.url ?? '')).text()
  assert.equal(table, 'be,2\r\nnot,1\r\nor,1\r\nto,2\r\n')
  assert.equal(await service.kill('SIGTERM'), 0)
})

test('the example receiver takes what the service signed, once, and refuses what others send', async () => {
  const env = { ...process.env, WEBHOOK_SECRET, RECEIVER_PORT: '0' }
  const receiver = spawn(process.execPath, [RECEIVER], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => (await lines.next()).value ?? ''
  try {
    const [, url = ''] = /listening on (.*)/.exec(await line()) ?? []
    assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 401)
    await using folder = await tempFolder()
    const settings = { DATA_DIR: folder.path, WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' }
    await using service = await startService(settings, MINIMAL)
    const api = new Api(service.url)
    const jobId = await api.upload({ 'abc.txt': 'abc' }, { callback_url: url })
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    const told = `job.completed ${jobId} {"digests":{"abc.txt":"${digest}"}}`
    assert.equal(await line(), told)
    const client = new JobClient({ url: service.url })
    const [first] = await client.webhooks(jobId)
    assert.ok(first)
    await client.resendWebhook(jobId, first.delivery_id)
    while (((await client.webhooks(jobId))[0]?.attempt ?? 0) < 2);
    const other = await api.upload({ 'a.txt': 'abc' }, { callback_url: url })
    assert.match(await line(), new RegExp(`^job.completed ${other} `))
  } finally {
    receiver.kill()
  }
})

test('the demo shows progress, prints the table and leaves the outputs where it says', async () => {
  await using folder = await tempFolder()
  const { code, out, errors } = await runDemo(folder.path)
  assert.equal(code, 0, `${out}\n${errors}`)
  assert.equal(errors, '')
  assert.match(out, /^Uploading +100% .*12 of 12 files$/m)
  assert.match(out, /^Processing +100% /m)
  assert.match(out, /^Downloading +100% .*4 of 4 files$/m)
  assert.match(out, /Features of the first 10 of 158 images/)
  assert.match(out, /^image +size +area +perimeter /m)
  assert.equal(out.match(/^(D20240601T\d{6}_IFCB101|IFCB5_2024_153_\d{6})_\d{5} /gm)?.length, 10)
  const paths = [...out.matchAll(/^s3:\S+\/([\w.]+) .*\n {2}(.+)$/gm)]
  assert.deepEqual(paths.map(([, name]) => name).sort(), [
    'artifacts_00000.json',
    'artifacts_00000.tar',
    'responses_00000.jsonl',
    'results.json',
  ])
  for (const [, , path = ''] of paths) assert.ok((await readFile(path)).length > 0)
})

test('the demo stops its service and says so when it is interrupted', async () => {
  await using folder = await tempFolder()
  const { code, out, errors } = await runDemo(folder.path, (line, interrupt) => {
    if (line.startsWith('Uploading     0%')) interrupt()
  })
  assert.equal(code, 1, out)
  assert.match(errors, /The demo failed: Interrupted\./)
  const [, data = ''] = /sample bins .* lie in (.*)\/bins/.exec(out) ?? []
  // A service that had lived on would keep its folder to itself.
  await using service = await startService({ DATA_DIR: join(data, 'data') }, MINIMAL)
  assert.equal(await service.kill('SIGTERM'), 0)
})

/** Runs the demo as a person would, but not on a terminal, with its folders below `tmp`. */
async function runDemo(tmp: string, onLine?: (line: string, interrupt: () => void) => void) {
  const child = spawn(process.execPath, ['--conditions=longshore-source', DEMO], {
    env: { ...process.env, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { out: '', errors: '' }
  createInterface({ input: child.stdout }).on('line', (line) => {
    texts.out += `${line}\n`
    onLine?.(line, () => child.kill('SIGINT'))
  })
  child.stderr.on('data', (chunk) => {
    texts.errors += chunk
  })
  const [code] = await once(child, 'close')
  return { code, ...texts }
}
