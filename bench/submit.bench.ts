import { startTarget, submitMany } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * Durable submits beside the least that Fastify and zod can do. Then, to tell what keeping a job costs from what the
 * checks and headers of the route cost, beside our own route with an engine that answers a constant.
 */
const JOBS = 40_000
const ROUNDS = 7

await using bare = await startTarget('bare-route.ts')
await using constant = await startTarget('submit-service.ts', ['constant'])
await using service = await startTarget('submit-service.ts')

const rates = { bare: [] as number[], constant: [] as number[], service: [] as number[] }
for (let round = 0; round <= ROUNDS; round++) {
  const measured = {
    bare: await submitMany(bare, JOBS),
    constant: await submitMany(constant, JOBS),
    service: await submitMany(service, JOBS),
  }
  if (round === 0) continue // warms up
  rates.bare.push(measured.bare)
  rates.constant.push(measured.constant)
  rates.service.push(measured.service)
}

const what = 'durable POST /jobs, 64 connections'
const ours = median(rates.service)
const bareRoute = { name: 'bare Fastify with the zod schema, answering a constant', value: median(rates.bare) }
report({ what, unit: 'jobs/s', ours, baseline: bareRoute, goal: { atLeast: 0.8 } })
const ownRoute = { name: 'our own route answering a constant', value: median(rates.constant) }
report({ what, unit: 'jobs/s', ours, baseline: ownRoute })
