import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BaseProcessor, createApp, z } from '../../src/index.ts'
import { tellBegun } from './tell-begun.ts'

const Result = z.object({})

/** Does nothing: what is left is the cost of the service. */
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

/** A service in this process whose jobs do nothing. */
export interface NoopApp {
  url: string
  /** Jobs that are queued or processing; 1 stands for any number. */
  unfinished(): Promise<number>
  /** Resolves once so many more jobs have begun and none is left unfinished. */
  completed(jobs: number): Promise<void>
  /** Uploads an object to submit; answers its URI. */
  upload(): Promise<string>
  close(): Promise<void>
}

/** Opens such a service over a fresh folder, with 64 jobs at once unless the settings say otherwise. */
export async function openNoopApp(settings: Readonly<Record<string, string>>): Promise<NoopApp> {
  const processor = new Noop()
  const dataDir = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
  const app = createApp(processor, {
    settings: { DATA_DIR: dataDir, LOG_LEVEL: 'silent', MAX_CONCURRENT_JOBS: '64', ...settings },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const unfinished = async (): Promise<number> => {
    const answer = await app.inject({ url: '/jobs?status=queued&status=processing&limit=1' })
    return answer.json<unknown[]>().length
  }
  return {
    url,
    unfinished,
    completed: async (jobs) => {
      processor.expected = processor.begun + jobs
      await new Promise<void>((resolve) => {
        processor.onExpected = resolve
      })
      // Without a turn of the loop in between, asking would keep the jobs from ending.
      while ((await unfinished()) > 0) await new Promise(setImmediate)
    },
    upload: () => upload(url),
    close: async () => {
      await app.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function upload(url: string): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob(['x']), 'x.txt')
  const answer = await fetch(`${url}/ingest/upload`, { method: 'POST', headers: { prefer: 'wait=10' }, body: form })
  const { job_id } = (await answer.json()) as { job_id: string }
  return `s3://longshore/datasets/${job_id}/x.txt`
}
