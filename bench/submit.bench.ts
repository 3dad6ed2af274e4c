import { startTarget, submitMany } from './support/load.ts'
import { median, report } from './support/report.ts'

/** Durable submits beside the same Fastify route with the same validation, answering a constant. */
const JOBS = 40_000
const ROUNDS = 5

await using bare = await startTarget('bare-route.ts')
await using service = await startTarget('submit-service.ts')

const ours: number[] = []
const baseline: number[] = []
await submitMany(bare, JOBS)
await submitMany(service, JOBS)
for (let round = 0; round < ROUNDS; round++) {
  baseline.push(await submitMany(bare, JOBS))
  ours.push(await submitMany(service, JOBS))
}
report({
  what: 'durable POST /jobs, 64 connections',
  unit: 'jobs/s',
  ours: median(ours),
  baseline: { name: 'same route answering a constant', value: median(baseline) },
  goal: { atLeast: 0.8 },
})
