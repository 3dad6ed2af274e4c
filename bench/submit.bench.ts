import { startTarget, submitMany } from './support/load.ts'
import { report } from './support/report.ts'
import { beside, takeTurns } from './support/take-turns.ts'

/**
 * Durable submits beside the least that Fastify and zod can do. Then, to tell what keeping a job costs from what the
 * checks and headers of the route cost, beside our own route with an engine that answers a constant.
 */
const WARM_UP = 40_000
const JOBS = 4_000
const ROUNDS = 80

await using bare = await startTarget('bare-route.ts')
await using constant = await startTarget('submit-service.ts', ['constant'])
await using service = await startTarget('submit-service.ts')

for (const target of [bare, constant, service]) await submitMany(target, WARM_UP)
const rates = await takeTurns(
  {
    bare: () => submitMany(bare, JOBS),
    constant: () => submitMany(constant, JOBS),
    service: () => submitMany(service, JOBS),
  },
  ROUNDS,
)

const common = { what: 'durable POST /jobs, 64 connections', unit: 'jobs/s' }
const toBare = beside(rates.service, 'bare Fastify with the zod schema, answering a constant', rates.bare)
report({ ...common, ...toBare, goal: { atLeast: 0.8 } })
report({ ...common, ...beside(rates.service, 'our own route answering a constant', rates.constant) })
