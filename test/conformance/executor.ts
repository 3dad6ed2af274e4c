import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import type { Execution, Executor } from '../../src/processor/executor.ts'
import { SnoozeError, UnrecoverableError } from '../../src/processor/verdicts.ts'
import { inputFile, testExecution } from '../support/test-execution.ts'

/** Time between the abort of an attempt and force that the executors under test are opened with. */
export const ABORT_GRACE_MS = 300

/** How a test gets an executor that runs the acts of the acting processor. */
export type OpenActing = () => Promise<{ executor: Executor } & AsyncDisposable>

/** The rules that every executor keeps. */
export function executorRules(name: string, open: OpenActing): void {
  describe(name, () => {
    const begin = async (executor: Executor, act: string, overrides: Partial<Execution> = {}) => {
      const asked = testExecution({ parameters: { act }, ...overrides })
      return { ...asked, result: executor.execute(asked.execution) }
    }

    test('parameters reach the processor as its schema makes them, and the result comes back', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'answer', { parameters: { act: 'answer', factor: '7' } })
      assert.deepEqual(await asked.result, { total: 7 })
      const absent = await begin(opened.executor, 'answer', { parameters: null })
      assert.deepEqual(await absent.result, { total: 2 })
    })

    test('parameters that do not fit are refused before the processor runs', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'answer', { parameters: { factor: 'many' } })
      await assert.rejects(asked.result, { code: 'PARAMETERS_INVALID', message: /\/parameters\/factor/ })
    })

    test('a result that does not fit the schema names the path of the fault', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'bad result')
      await assert.rejects(asked.result, { code: 'RESULT_INVALID', message: /\/result\/total/ })
    })

    test('progress comes in its order, the last word always, and never mixes between jobs that run at once', async () => {
      await using opened = await open()
      const ids = ['a', 'b', 'c', 'd']
      const asked = await Promise.all(ids.map((jobId) => begin(opened.executor, 'progress', { jobId })))
      await Promise.all(asked.map(({ result }) => result))
      for (const [i, { said }] of asked.entries()) {
        const percents = said.reports.map(({ percent }) => percent ?? 0)
        assert.deepEqual(
          percents,
          percents.toSorted((a, b) => a - b),
        )
        assert.equal(percents.at(-1), 100)
        assert.deepEqual(new Set(said.reports.map(({ message }) => message)), new Set([ids[i]]))
      }
    })

    test('a checkpoint is found as it was left, and saved', async () => {
      await using opened = await open()
      const fresh = await begin(opened.executor, 'checkpoint')
      assert.deepEqual(await fresh.result, { total: 1 })
      assert.deepEqual(fresh.said.saved, [{ at: 1 }])
      const later = await begin(opened.executor, 'checkpoint', { checkpoint: { at: 4 } })
      assert.deepEqual(await later.result, { total: 5 })
    })

    test('log lines come with their level and fields, in their order', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'log')
      await asked.result
      assert.partialDeepStrictEqual(asked.said.logged, [
        { level: 30, msg: 'first', cells: 3 },
        { level: 40, msg: 'second' },
      ])
    })

    test('the processor knows the span it runs in, or that there is none', async () => {
      await using opened = await open()
      const span = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const traced = await begin(opened.executor, 'span', { traceparent: span })
      await traced.result
      assert.partialDeepStrictEqual(traced.said.logged, [{ msg: span }])
      const plain = await begin(opened.executor, 'span')
      await plain.result
      assert.partialDeepStrictEqual(plain.said.logged, [{ msg: 'none' }])
    })

    test('the processor knows the schedule that submitted its job and the tick, or that there is none', async () => {
      await using opened = await open()
      const heard = async (overrides: Partial<Execution>): Promise<unknown> => {
        const { result, said } = await begin(opened.executor, 'schedule', overrides)
        await result
        return said.logged[0]?.msg
      }
      const tick = Date.UTC(2026, 0, 1, 2, 30)
      assert.equal(await heard({ schedule: { name: 'nightly', tick } }), 'nightly 2026-01-01T02:30:00.000Z')
      assert.equal(await heard({ schedule: { name: 'nightly', tick: null } }), 'nightly undefined')
      assert.equal(await heard({}), 'none')
    })

    test('what the processor wrote is stored, and is what can be committed', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'outputs')
      await asked.result
      const committed = await asked.outputs.commit()
      assert.deepEqual(committed.map(({ uri, sizeBytes }) => [uri.split('/').at(-1), sizeBytes]).toSorted(), [
        ['a.txt', 5],
        ['empty.bin', 0],
      ])
      assert.equal(asked.textOf('notes/a.txt'), 'hello')
    })

    test('a file is marked in the ledger', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'mark', { files: [inputFile(0), inputFile(1)] })
      await asked.result
      assert.deepEqual(asked.said.marked, [[1, 'failed', 'broken']])
    })

    test('verdicts keep their kind, and an executor outlives them', async () => {
      await using opened = await open()
      const failure = async (act: string) =>
        (await begin(opened.executor, act)).result.catch((thrown: unknown) => thrown)
      const snoozed = await failure('snooze')
      assert.ok(snoozed instanceof SnoozeError && snoozed.delayMs === 5_000)
      const hopeless = await failure('unrecoverable')
      assert.ok(hopeless instanceof UnrecoverableError)
      assert.match(hopeless.message, /no such cell/)
      const failed = await failure('fail')
      assert.ok(failed instanceof Error && !(failed instanceof UnrecoverableError))
      assert.match(failed.message, /x is undefined/)
      assert.deepEqual(await (await begin(opened.executor, 'answer')).result, { total: 2 })
    })

    for (const act of ['wait', 'spin']) {
      test(`an attempt that ${act}s ends when it is aborted, within what the executor promises`, async (t) => {
        await using opened = await open()
        const { endsWithinMs } = opened.executor
        if (act === 'spin' && endsWithinMs === undefined)
          return t.skip('there is no force on the event loop of its own')
        const abort = new AbortController()
        const begun = Promise.withResolvers<void>()
        const asked = await begin(opened.executor, act, { signal: abort.signal, onProgress: () => begun.resolve() })
        await Promise.race([begun.promise, asked.result])
        const abortedAt = performance.now()
        abort.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
        await assert.rejects(asked.result)
        assert.ok(performance.now() - abortedAt < (endsWithinMs ?? 1_000))
        assert.deepEqual(await (await begin(opened.executor, 'answer')).result, { total: 2 })
      })
    }

    test('an attempt that was aborted before it began does not run', async () => {
      await using opened = await open()
      const asked = await begin(opened.executor, 'log', {
        signal: AbortSignal.abort(new LongshoreError('CANCELLED', 'The job was cancelled.')),
      })
      await assert.rejects(asked.result, { code: 'CANCELLED' })
      assert.deepEqual(asked.said.logged, [])
    })
  })
}
