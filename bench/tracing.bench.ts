import { runInTurns, startPair } from './support/in-turns.ts'
import { report } from './support/report.ts'

/**
 * What tracing costs where every trace is recorded: no-op jobs from `POST` to completed through the whole service, with
 * OpenTelemetry's own SDK and an exporter that does nothing, and without. A job of one file is nine spans.
 */
const FOURS = 30
const JOBS = 1_000

await using pair = await startPair([], ['trace'])
const { rate, cpuUs } = await runInTurns(pair, { fours: FOURS, jobs: JOBS })

report({
  what: 'no-op jobs through the whole service, every trace recorded',
  unit: 'jobs/s',
  ours: rate.bare * rate.ratio,
  baseline: { name: 'without OpenTelemetry', value: rate.bare },
  span: rate.span,
})
report({
  what: 'processor time of a job in that service',
  unit: 'µs',
  ours: cpuUs.bare * cpuUs.ratio,
  baseline: { name: 'without OpenTelemetry', value: cpuUs.bare },
  span: cpuUs.span,
})
