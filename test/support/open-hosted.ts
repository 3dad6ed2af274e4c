import { pino } from 'pino'
import { systemClock } from '../../src/base/clock.ts'
import { Lifecycle } from '../../src/base/lifecycle.ts'
import type { ExecutionKind } from '../../src/processor/execution-kind.ts'
import type { Execution } from '../../src/processor/executor.ts'
import { openExecutor } from '../../src/processor/open-executor.ts'
import { testExecution } from './test-execution.ts'
import TroubledProcessor from './troubled-processor.ts'

/** Starts an executor for the troubled processor, in threads or processes. */
export async function openTroubled(wishes: { kind: 'thread' | 'process' } & Partial<Exclude<ExecutionKind, 'inline'>>) {
  const module = new URL('./troubled-processor.ts', import.meta.url)
  const ground = { clock: systemClock, log: pino({ level: 'silent' }), abortGraceMs: 300 }
  const { executor, below } = openExecutor(new TroubledProcessor(), { module, ...wishes }, ground)
  const lifecycle = new Lifecycle([...below, executor])
  await lifecycle.start()
  const run = (parameters: object, overrides: Partial<Execution> = {}) => {
    const asked = testExecution({ parameters: { ...parameters }, ...overrides })
    return { ...asked, result: executor.execute(asked.execution) as Promise<{ pid: number; jobs: number }> }
  }
  return { executor, run, stop: () => lifecycle.stop(), [Symbol.asyncDispose]: () => lifecycle.stop() }
}
