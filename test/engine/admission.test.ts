import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fits, NO_RESOURCES, type Resources, sumOf } from '../../src/job/resources.ts'
import { COMPLETED, decideOn, submit } from '../conformance/job-engine/bench.ts'
import { type HeldRun, TestWorker } from '../support/test-worker.ts'
import { type SqliteBench, sqliteBench } from './sqlite-bench.ts'

const quantity = fc.integer({ min: 0, max: 12 })
const needs = fc.record({ cpu: quantity.map((tenths) => tenths / 10), memoryBytes: quantity, scratchBytes: quantity })
const submits = fc.record({
  resources: fc.option(needs),
  priority: fc.integer({ min: 0, max: 1 }),
  group: fc.option(fc.constantFrom<string>('a', 'b'), { freq: 4 }),
})
const budget = needs.map(({ cpu, memoryBytes, scratchBytes }) => ({
  cpu: cpu + 0.1,
  memoryBytes: memoryBytes + 1,
  scratchBytes: scratchBytes + 1,
}))

const step = fc.oneof(
  fc.record({ submit: submits }),
  fc.record({ end: fc.nat() }),
  fc.record({ waitMs: fc.integer({ min: 0, max: 20_000 }) }),
)

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Two workers of different budgets, what they run, and what ran before. */
class Harbour implements AsyncDisposable {
  readonly ran: string[] = []
  readonly running: HeldRun[] = []
  readonly #wishes = new Map<string, Extract<Step, { submit: unknown }>['submit']>()
  readonly #bench: SqliteBench
  readonly #workers: readonly { worker: TestWorker; budget: Resources }[]

  constructor(bench: SqliteBench, budgets: readonly Resources[]) {
    this.#bench = bench
    this.#workers = budgets.map((each, n) => ({
      budget: each,
      worker: new TestWorker(bench.engine, { worker: `w${n}`, concurrency: 3, budget: each, reserveAfterMs: 10_000 }),
    }))
  }

  async take(wish: Step): Promise<void> {
    if ('submit' in wish) {
      const { id } = await submit(this.#bench, wish.submit)
      this.#wishes.set(id, wish.submit)
    } else if ('waitMs' in wish) this.#bench.advance(wish.waitMs)
    else if (this.running.length > 0) await this.end(wish.end % this.running.length)
    await this.look()
  }

  async end(index: number): Promise<void> {
    const [run] = this.running.splice(index, 1)
    if (run === undefined) return
    await this.#bench.engine.settle(run.lease, decideOn(COMPLETED, this.#bench.clock.now()), {})
    run.end()
  }

  /** Takes up what has begun, and checks that it fits. */
  async look(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
    for (const { worker, budget } of this.#workers) {
      while (worker.untaken > 0) {
        const run = await worker.next()
        this.ran.push(run.job.id)
        this.running.push(run)
      }
      const own = this.running.filter((run) => run.worker === worker)
      const used = own.reduce((sum, { job }) => sumOf(sum, job.resources), NO_RESOURCES)
      assert.ok(fits(used, budget), `${JSON.stringify(used)} of ${JSON.stringify(budget)}`)
    }
  }

  /** What each job needs, by id, in the order of submits. */
  get ids(): Map<string, Resources | null> {
    return new Map([...this.#wishes].map(([id, { resources }]) => [id, resources]))
  }

  /** The ids of those that were submitted alike, each set in the order of submits. */
  equals(): Set<string>[] {
    const byWish = Map.groupBy(this.#wishes, ([, wish]) => JSON.stringify(wish))
    return [...byWish.values()].map((alike) => new Set(alike.map(([id]) => id)))
  }

  fitsSomewhere(needs: Resources | null): boolean {
    return this.#workers.some(({ budget }) => fits(needs, budget))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.running) run.end()
    await this.#bench[Symbol.asyncDispose]()
  }
}

test('no budget is ever exceeded, and every job that fits some worker runs, equals in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(budget, budget), fc.array(step, { maxLength: 60 }), async (budgets, steps) => {
      await using harbour = new Harbour(await sqliteBench(), budgets)
      for (const each of steps) await harbour.take(each)
      for (let left = 500; harbour.running.length > 0 && left > 0; left--) await harbour.take({ end: 0 })
      const expected = [...harbour.ids].filter(([, each]) => harbour.fitsSomewhere(each)).map(([id]) => id)
      assert.deepEqual(new Set(harbour.ran), new Set(expected))
      assert.equal(harbour.ran.length, expected.length)
      for (const equals of harbour.equals()) {
        assert.deepEqual(
          harbour.ran.filter((id) => equals.has(id)),
          [...equals].filter((id) => expected.includes(id)),
        )
      }
    }),
    { numRuns: 60 },
  )
})

test('a large job runs though smaller ones never stop coming', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 200, maxLength: 200 }),
      fc.boolean(),
      async (sizes, grouped) => {
        const whole = { cpu: 1, memoryBytes: 10, scratchBytes: 0 }
        await using harbour = new Harbour(await sqliteBench(), [whole])
        const small = (memoryBytes: number, n: number): Step => ({
          submit: {
            resources: { cpu: 0, memoryBytes, scratchBytes: 0 },
            priority: 0,
            group: grouped ? `g${n % 5}` : null,
          },
        })
        await harbour.take(small(1, 0))
        await harbour.take({ submit: { resources: whole, priority: 0, group: grouped ? 'large' : null } })
        const large = [...harbour.ids.keys()][1] ?? ''
        for (const [n, size] of sizes.entries()) {
          await harbour.take(small(size, n))
          await harbour.take({ waitMs: 1_000 })
          await harbour.take({ end: 0 })
        }
        const at = harbour.ran.indexOf(large)
        assert.ok(at > 0 && at < 60, `it ran as number ${at} of ${harbour.ran.length}`)
      },
    ),
    { numRuns: 10 },
  )
})
