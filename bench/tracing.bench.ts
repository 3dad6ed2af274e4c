import { runInTurns } from './support/in-turns.ts'
import { startTarget } from './support/load.ts'
import { report } from './support/report.ts'

/**
 * What tracing costs where every trace is recorded: no-op jobs from `POST` to completed through the whole service, with
 * OpenTelemetry's own SDK and an exporter that does nothing, and without. A job of one file is nine spans.
 */
const ROUNDS = 20

await using without = await startTarget('noop-service.ts')
await using traced = await startTarget('noop-service.ts', ['trace'])
const { rate, cpuUs } = await runInTurns(without, traced, ROUNDS)

report({
  what: 'no-op jobs through the whole service, every trace recorded',
  unit: 'jobs/s',
  ours: rate.bare * rate.ratio,
  baseline: { name: 'without OpenTelemetry', value: rate.bare },
})
report({
  what: 'processor time of a job in that service',
  unit: 'µs',
  ours: cpuUs.bare * cpuUs.ratio,
  baseline: { name: 'without OpenTelemetry', value: cpuUs.bare },
})
