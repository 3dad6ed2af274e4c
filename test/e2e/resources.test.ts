import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { putCommand } from '../cli/longshore.ts'
import { Api } from '../support/api.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MIB = 1024 ** 2

interface Seen {
  job_id: string
  waits_for: { reason: string; message: string; largest_budget: { memory_bytes: number } } | null
}

/** When an attempt ran, and what it took. */
interface Span {
  from: number
  to: number
  memoryMb: number
}

test('mixed jobs share a service within its budget, the large one runs among the small ones, and what never fits is refused', async () => {
  await using folder = await tempFolder()
  const settings = { WORKER_MEMORY_MB: '1000', MAX_CONCURRENT_JOBS: '8', RESERVE_AFTER_SECONDS: '0' }
  await using service = await startService({ DATA_DIR: folder.path, ...settings })
  const api = new Api(service.url)
  const submit = async (memoryMb: number, workMs: number): Promise<string> =>
    api.upload({ 'a.txt': 'a' }, { parameters: { workMs }, resources: { memory_bytes: memoryMb * MIB } })
  const jobs: { id: string; memoryMb: number }[] = []
  for (const memoryMb of [300, 400, 1000, 300, 100, 100, 600]) {
    jobs.push({ memoryMb, id: await submit(memoryMb, 200) })
  }
  const spans = await Promise.all(jobs.map(async ({ id, memoryMb }) => spanOf(api, id, memoryMb)))
  for (const { from } of spans) {
    const together = spans.filter((span) => span.from <= from && from < span.to)
    const sum = together.reduce((mb, span) => mb + span.memoryMb, 0)
    assert.ok(sum <= 1000, `${sum} MiB at once`)
  }
  const large = spans[2]
  assert.ok(large && spans.slice(3).every(({ from }) => from >= large.to), 'what is behind the large job waits for it')

  const form = new FormData()
  form.append('file', new Blob(['a']), 'a.txt')
  form.append('resources', JSON.stringify({ memory_bytes: 1001 * MIB }))
  const refused = await fetch(`${service.url}/ingest/upload`, { method: 'POST', body: form })
  assert.equal(refused.status, 400)
  assert.match(await refused.text(), /RESOURCES_UNAVAILABLE.*WORKER_MEMORY_MB/)
})

test('a job that waits says what it waits for, and the metrics what is taken', async () => {
  await using folder = await tempFolder()
  const settings = { WORKER_CPU: '2', WORKER_MEMORY_MB: '100', MAX_CONCURRENT_JOBS: '2' }
  await using service = await startService({ DATA_DIR: folder.path, ...settings })
  const api = new Api(service.url)
  const submit = (cpu: number): Promise<string> =>
    api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000 }, resources: { cpu } })
  const running = await submit(1.5)
  await api.until(running, ({ status }) => status === 'processing')
  const waiting = await submit(1)
  const { waits_for } = await api.get<Seen>(`/jobs/${waiting}`)
  assert.equal(waits_for?.reason, 'cpu')
  assert.equal(waits_for.message, 'It needs 1 processors, at most 0.5 processors are free.')
  assert.equal(waits_for.largest_budget.memory_bytes, 100 * MIB)
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  assert.match(metrics, /^longshore_worker_cpus\{of="budget"\} 2$/m)
  assert.match(metrics, /^longshore_worker_cpus\{of="used"\} 1.5$/m)
  await putCommand(folder.path)
  const env = { ...process.env, LONGSHORE_URL: service.url }
  const { stdout } = await promisify(execFile)(join(folder.path, 'longshore'), ['job', waiting], { env })
  assert.match(stdout, /^waits for {3}cpu: It needs 1 processors/m)
  assert.match(stdout, /^takes {7}1 cpu$/m)
  await fetch(`${service.url}/jobs/${running}/cancel`, { method: 'POST' })
  await api.until(waiting, ({ status }) => status === 'processing')
})

test('the commands of docs/resources.md do what it says, against its processor', async () => {
  await using folder = await tempFolder()
  const page = readFileSync(join(ROOT, 'docs/resources.md'), 'utf8')
  const main = join(ROOT, 'examples/resources/main.ts')
  await using service = await startService({ DATA_DIR: join(folder.path, 'data') }, main)
  const [, script = ''] = /<!-- run -->\n```sh\n(.*?)```/s.exec(page) ?? []
  await putCommand(folder.path)
  await writeFile(join(folder.path, 'hello.txt'), 'hello\n')
  const env = { ...process.env, LONGSHORE_URL: service.url, PATH: `${folder.path}${delimiter}${process.env.PATH}` }
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-euo', 'pipefail', '-c', script.replaceAll('http://127.0.0.1:8000', service.url)],
    { cwd: folder.path, env },
  )
  const api = new Api(service.url)
  const [, first = ''] = /"job_id":"([^"]+)"/.exec(stdout) ?? []
  assert.deepEqual((await api.ended(first)).result, { cpu: 0.5, memoryMb: 256 })
  assert.match(stdout, /\{\n {2}"cpu": 1,\n {2}"memoryMb": 128\n\}/)
})

/** From its start to its verdict, which comes before what it took is free. */
async function spanOf(api: Api, id: string, memoryMb: number): Promise<Span> {
  assert.equal((await api.ended(id)).status, 'completed')
  const events = await api.events(id)
  const at = (name: string): number => {
    const found = events.find(({ event }) => event === name)
    return Date.parse(String(found?.data.at))
  }
  return { from: at('job.started'), to: at('job.completed'), memoryMb }
}
