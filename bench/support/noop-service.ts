import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BaseProcessor, createApp, z } from '../../src/index.ts'
import { givenSettings } from './given-settings.ts'
import { tellBegun } from './tell-begun.ts'
import { traceToNowhere } from './tracing-to-nowhere.ts'

/**
 * A service, in a process of its own, whose jobs do nothing: what is left is the cost of the service. Arguments are how many
 * jobs run at once, settings, `NAME=value`, `tell` to be told of each job that begins, and `trace` to record every trace.
 */
const Result = z.object({})

class Noop extends BaseProcessor<typeof Result> {
  readonly name = 'noop'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  override readonly inputs = 'uri'
  begun = 0
  expected = Number.POSITIVE_INFINITY
  onExpected = (): void => {}

  async processInput() {
    tellBegun()
    this.begun += 1
    if (this.begun === this.expected) this.onExpected()
    return {}
  }
}

if (process.argv.includes('trace')) traceToNowhere()
const processor = new Noop()
const dataDir = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const concurrency = process.argv[2] ?? ''
const app = createApp(processor, {
  settings: {
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    MAX_CONCURRENT_JOBS: /^\d+$/.test(concurrency) ? concurrency : '64',
    ...givenSettings(),
  },
})
const url = await app.listen({ host: '127.0.0.1', port: 0 })

/** Tells the parent once so many jobs have begun and none is left unfinished; or at once what it asks for. */
process.on('message', async (expected: number | 'cpu' | 'unfinished') => {
  if (expected === 'cpu') {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1000)
    return
  }
  if (expected === 'unfinished') return void process.send?.(await unfinished())
  processor.expected = processor.begun + expected
  processor.onExpected = async () => {
    // Without a turn of the loop in between, asking would keep the jobs from ending.
    while ((await unfinished()) > 0) await new Promise(setImmediate)
    process.send?.('done')
  }
})

async function unfinished(): Promise<number> {
  const answer = await app.inject({ url: '/jobs?status=queued&status=processing&limit=1' })
  return answer.json<unknown[]>().length
}

process.on('disconnect', async () => {
  await app.close()
  rmSync(dataDir, { recursive: true, force: true })
})
process.send?.({ url, uri: process.argv.includes('ROLE=worker') ? '' : await upload() })

async function upload(): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob(['x']), 'x.txt')
  const answer = await fetch(`${url}/ingest/upload`, { method: 'POST', headers: { prefer: 'wait=10' }, body: form })
  const { job_id } = (await answer.json()) as { job_id: string }
  return `s3://longshore/datasets/${job_id}/x.txt`
}
