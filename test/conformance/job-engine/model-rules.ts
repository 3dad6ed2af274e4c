import { test } from 'node:test'
import fc from 'fast-check'
import type { MakeEngine } from './bench.ts'
import { Model } from './model.ts'
import { COMMANDS } from './model-commands.ts'

/** Runs of the model test; each is up to 60 calls on a store of its own. */
const RUNS = 40

/** Random calls, told beside a model of a few lines that says what each must come to. */
export function modelRules(makeEngine: MakeEngine): void {
  test('random calls keep every job in a legal state, its events dense and its leases fenced', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 60 }), async (commands) => {
        await using bench = await makeEngine()
        const model = new Model()
        await fc.asyncModelRun(() => ({ model, real: { bench, worker: undefined } }), commands)
        await model.check(bench.engine)
      }),
      { numRuns: RUNS },
    )
  })
}
