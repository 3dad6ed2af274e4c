import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** Packs what `npm run build` made, installs it into an empty project and runs a processor from there. */
const root = resolve(import.meta.dirname, '..')
const project = mkdtempSync(join(tmpdir(), 'longshore-package-'))

const PROCESSOR = `
import { BaseProcessor, type JobInput, z } from 'longshore'
import { TabularOutput } from 'longshore/output'

const Result = z.object({ records: TabularOutput })

export default class Count extends BaseProcessor<typeof Result> {
  readonly name = 'count'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  async processInput(input: JobInput) {
    const writer = input.outputs.jsonl()
    for (const path of input.localPaths) await writer.write({ path })
    return { records: await writer.close() }
  }
}
`

/** However it is run: threads and processes begin with files of the package that nothing imports. */
const MAIN = `
import { serve } from 'longshore'
import Count from './count.ts'

const [, , kind] = process.argv
const module = new URL('./count.ts', import.meta.url)
await serve(new Count(), { execution: kind === 'inline' ? kind : { kind, module } })
`

try {
  // Both, because the service's command is built on the client, and neither need be published yet.
  const tarballs = [root, join(root, 'client')].map((folder) => join(project, pack(folder)))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', version: '1.0.0', type: 'module' }))
  writeFileSync(join(project, 'count.ts'), PROCESSOR)
  writeFileSync(join(project, 'main.ts'), MAIN)
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...tarballs], { cwd: project, stdio: 'inherit' })
  for (const kind of ['inline', 'thread', 'process']) await runProcessor(kind)
  console.log(
    'The packed package installs into an empty project and runs a processor there, inline, in a thread and in a process.',
  )
} finally {
  rmSync(project, { recursive: true, force: true })
}

function pack(folder: string): string {
  const options = { cwd: folder, encoding: 'utf8' } as const
  return execFileSync('npm', ['pack', '--silent', '--pack-destination', project], options).trim()
}

async function runProcessor(kind: string): Promise<void> {
  const service = spawn(process.execPath, ['main.ts', kind], {
    cwd: project,
    env: { ...process.env, PORT: '0', DATA_DIR: join(project, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const address = await addressOf(service.stdout)
    const form = new FormData()
    form.append('file', new Blob(['hello']), 'hello.txt')
    const submitted = await fetch(`${address}/ingest/upload`, { method: 'POST', body: form })
    assert.equal(submitted.status, 202, await submitted.clone().text())
    const { job_id } = (await submitted.json()) as { job_id: string }
    let job: { status: string; error: string | null; result: { records: { metadata: unknown } } | null }
    do {
      job = (await (await fetch(`${address}/jobs/${job_id}?wait=10`)).json()) as typeof job
    } while (job.status === 'queued' || job.status === 'processing')
    assert.equal(job.error, null)
    assert.deepEqual(job.result?.records.metadata, { records_emitted: 1, file_count: 1 })
    const command = join(project, 'node_modules/.bin/longshore')
    const told = execFileSync(command, ['job', job_id, '--json', '--url', address], { encoding: 'utf8' })
    assert.equal((JSON.parse(told) as { job_id: string }).job_id, job_id)
  } finally {
    const ended = once(service, 'exit')
    service.kill('SIGTERM')
    await ended
  }
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const address = /http:\/\/[\d.]+:\d+/.exec(line)?.[0]
    if (address) return address
  }
  throw new Error('The service ended without saying where it listens.')
}
