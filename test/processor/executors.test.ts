import { pino } from 'pino'
import { systemClock } from '../../src/base/clock.ts'
import { Lifecycle } from '../../src/base/lifecycle.ts'
import type { ExecutionKind } from '../../src/processor/execution-kind.ts'
import { type AnyProcessor, openExecutor } from '../../src/processor/open-executor.ts'
import { ABORT_GRACE_MS, executorRules } from '../conformance/executor.ts'
import ActingProcessor from '../support/acting-processor.ts'
import { actingProgram } from '../support/acting-program.ts'

const module = new URL('../support/acting-processor.ts', import.meta.url)
const GROUND = { clock: systemClock, log: pino({ level: 'silent' }), abortGraceMs: ABORT_GRACE_MS }

const opener = (kind: ExecutionKind | undefined, processor: AnyProcessor) => async () => {
  const { executor, below } = openExecutor(processor, kind, GROUND)
  const lifecycle = new Lifecycle([...below, executor])
  await lifecycle.start()
  return { executor, [Symbol.asyncDispose]: () => lifecycle.stop() }
}

executorRules('inline', opener('inline', new ActingProcessor()))
executorRules('thread', opener({ kind: 'thread', module }, new ActingProcessor()))
executorRules('process', opener({ kind: 'process', module }, new ActingProcessor()))
executorRules('command', opener(undefined, actingProgram()))
