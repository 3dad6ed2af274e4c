import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { LongshoreError } from '../../src/base/errors.ts'
import { BaseProcessor } from '../../src/processor/base-processor.ts'
import type { Execution } from '../../src/processor/executor.ts'
import { InlineExecutor } from '../../src/processor/inline-executor.ts'
import type { JobInput } from '../../src/processor/job-input.ts'
import { testExecution } from '../support/test-execution.ts'

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
  const asked = testExecution(given)
  return { ...asked, result: new InlineExecutor(new Scripted(script)).execute(asked.execution) }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const failure = await work.then(() => assert.fail('it did not fail')).catch((thrown: unknown) => thrown)
  assert.ok(failure instanceof LongshoreError, String(failure))
  return failure.code
}

test('a percent stays between 0 and 100, and one that is no number is left out', async () => {
  const { said, result } = run((_input, report) => {
    for (const percent of [-5, 250, Number.NaN]) report(percent)
    return { total: 0 }
  })
  await result
  assert.deepEqual(said.reports, [
    { stage: 'processing', percent: 0 },
    { stage: 'processing', percent: 100 },
    { stage: 'processing' },
  ])
})

test('a checkpoint is read back as it was saved, and one that is too large is refused', async () => {
  const { said, result } = run(
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
  assert.deepEqual(said.saved, [{ at: 2 }])
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
  const { said, result } = run(async (input) => {
    const document = { at: 1 }
    const saving = input.checkpoint.save(document)
    document.at = 2
    await saving
    assert.deepEqual(input.checkpoint.load(), { at: 1 })
    return { total: 0 }
  })
  await result
  assert.deepEqual(said.saved, [{ at: 1 }])
})
