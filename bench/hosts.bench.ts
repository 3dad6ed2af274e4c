import { pino } from 'pino'
import { systemClock } from '../src/base/clock.ts'
import { Lifecycle } from '../src/base/lifecycle.ts'
import type { ExecutionKind } from '../src/processor/execution-kind.ts'
import { openExecutor } from '../src/processor/open-executor.ts'
import { testExecution } from '../test/support/test-execution.ts'
import Noop from './support/noop-processor.ts'
import { median, report } from './support/report.ts'

/** What a job costs that does nothing, one after the other, in a thread or process that is warm. */
const JOBS = 2_000

const module = new URL('./support/noop-processor.ts', import.meta.url)
for (const kind of ['thread', 'process'] as const) {
  const tookMs = await timesOf({ kind, module })
  report({ what: `a job in a warm ${kind}, p50`, unit: 'ms', ours: median(tookMs), goal: { atMost: 2 } })
  report({ what: `a job in a warm ${kind}, p99`, unit: 'ms', ours: tookMs.sort((a, b) => a - b)[JOBS * 0.99] ?? 0 })
}

async function timesOf(kind: ExecutionKind): Promise<number[]> {
  const ground = { clock: systemClock, log: pino({ level: 'silent' }), abortGraceMs: 1_000 }
  const { executor, below } = openExecutor(new Noop(), kind, ground)
  const lifecycle = new Lifecycle([...below, executor])
  await lifecycle.start()
  const { execution } = testExecution()
  for (let n = 0; n < 100; n++) await executor.execute(execution)
  const tookMs: number[] = []
  for (let n = 0; n < JOBS; n++) {
    const begun = performance.now()
    await executor.execute(execution)
    tookMs.push(performance.now() - begun)
  }
  await lifecycle.stop()
  return tookMs
}
