import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { z } from 'zod'
import { LongshoreError } from '../../src/base/errors.ts'
import type { JsonValue, Progress } from '../../src/job/job.ts'
import type { JobOutputs } from '../../src/output/job-outputs.ts'
import { BaseProcessor } from '../../src/processor/base-processor.ts'
import type { Execution } from '../../src/processor/executor.ts'
import { InlineExecutor } from '../../src/processor/inline-executor.ts'
import type { JobInput } from '../../src/processor/job-input.ts'

const NO_OUTPUTS: JobOutputs = {
  baseUri: 's3://bucket/results/job/',
  jsonl: () => assert.fail('no outputs here'),
  webDataset: () => assert.fail('no outputs here'),
  file: () => assert.fail('no outputs here'),
  writeResultsIndex: () => assert.fail('no outputs here'),
}

function execution(overrides: Partial<Execution> = {}): Execution & { reports: Progress[]; saved: JsonValue[] } {
  const reports: Progress[] = []
  const saved: JsonValue[] = []
  return {
    jobId: 'job-1',
    attempt: 1,
    files: [],
    parameters: null,
    checkpoint: null,
    workDir: () => '/nowhere',
    signal: new AbortController().signal,
    log: pino({ level: 'silent' }),
    outputs: NO_OUTPUTS,
    onProgress: (progress) => reports.push(progress),
    onStrayError: () => {},
    saveCheckpoint: async (document) => {
      saved.push(document)
    },
    markFile: () => {},
    reports,
    saved,
    ...overrides,
  }
}

const Result = z.object({ total: z.number().min(0) })
const Parameters = z.object({ factor: z.coerce.number().default(2) })

class Scripted extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'scripted'
  readonly version = '1'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters
  readonly script: (input: JobInput<z.output<typeof Parameters>>, report: (percent: number) => void) => unknown

  constructor(script: Scripted['script']) {
    super()
    this.script = script
  }

  async processInput(input: JobInput<z.output<typeof Parameters>>) {
    return (await this.script(input, (percent) => this.reportProgress({ percent }))) as z.input<typeof Result>
  }
}

const run = (script: Scripted['script'], given: Partial<Execution> = {}) => {
  const asked = execution(given)
  return { asked, result: new InlineExecutor(new Scripted(script)).execute(asked) }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const failure = await work.then(() => assert.fail('it did not fail')).catch((thrown: unknown) => thrown)
  assert.ok(failure instanceof LongshoreError, String(failure))
  return failure.code
}

test('parameters reach the processor as its schema makes them', async () => {
  const given = await run((input) => ({ total: input.parameters.factor }), { parameters: { factor: '7' } }).result
  assert.deepEqual(given, { total: 7 })
  const absent = await run((input) => ({ total: input.parameters.factor }), { parameters: {} }).result
  assert.deepEqual(absent, { total: 2 })
})

test('a result that does not match names the path of the fault', async () => {
  const { result } = run(() => ({ total: -1 }))
  await assert.rejects(result, /\/result\/total/)
  assert.equal(await codeOf(run(() => ({ total: 'x' })).result), 'RESULT_INVALID')
})

test('progress of jobs that run at once, in one processor, never mixes', async () => {
  const executor = new InlineExecutor(
    new Scripted(async (input, report) => {
      for (let step = 0; step < 20; step++) {
        await new Promise(setImmediate)
        report(Number(input.jobId))
      }
      return { total: 0 }
    }),
  )
  const jobs = Array.from({ length: 20 }, (_, i) => execution({ jobId: String(i) }))
  await Promise.all(jobs.map((job) => executor.execute(job)))
  for (const [i, job] of jobs.entries()) {
    assert.deepEqual(
      job.reports.map((report) => report.percent),
      Array(20).fill(i),
    )
  }
})

test('a percent stays between 0 and 100, and one that is no number is left out', async () => {
  const { asked, result } = run((_input, report) => {
    for (const percent of [-5, 250, Number.NaN]) report(percent)
    return { total: 0 }
  })
  await result
  assert.deepEqual(asked.reports, [
    { stage: 'processing', percent: 0 },
    { stage: 'processing', percent: 100 },
    { stage: 'processing' },
  ])
})

test('a checkpoint is read back as it was saved, and one that is too large is refused', async () => {
  const { asked, result } = run(
    async (input) => {
      assert.deepEqual(input.checkpoint.load(), { at: 1 })
      await input.checkpoint.save({ at: 2 })
      assert.deepEqual(input.checkpoint.load(), { at: 2 })
      await assert.rejects(input.checkpoint.save('x'.repeat(2 ** 20)), RangeError)
      return { total: 0 }
    },
    { checkpoint: { at: 1 } },
  )
  await result
  assert.deepEqual(asked.saved, [{ at: 2 }])
})

test('a result that comes after the abort does not count', async () => {
  const abort = new AbortController()
  const { result } = run(
    () => {
      abort.abort(new LongshoreError('CANCELLED', 'stop'))
      return { total: 1 }
    },
    { signal: abort.signal },
  )
  assert.equal(await codeOf(result), 'CANCELLED')
})

test('a processor that could not start up is not shut down', async () => {
  const calls: string[] = []
  class Broken extends Scripted {
    override async startup(): Promise<void> {
      calls.push('startup')
      throw new Error('no model file')
    }
    override async shutdown(): Promise<void> {
      calls.push('shutdown')
    }
  }
  const executor = new InlineExecutor(new Broken(() => ({ total: 0 })))
  await assert.rejects(executor.start(), /no model file/)
  await executor.stop()
  assert.deepEqual(calls, ['startup'])
})

test('a checkpoint is what it was when it was saved, whatever becomes of the object', async () => {
  const { asked, result } = run(async (input) => {
    const document = { at: 1 }
    const saving = input.checkpoint.save(document)
    document.at = 2
    await saving
    assert.deepEqual(input.checkpoint.load(), { at: 1 })
    return { total: 0 }
  })
  await result
  assert.deepEqual(asked.saved, [{ at: 1 }])
})
