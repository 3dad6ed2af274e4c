import { startTarget, submitMany } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * Durable submits beside the same route with the same validation answering a constant: what keeping a job costs. Then
 * beside a bare route that checks the body alone, the least that Fastify and zod can do: what the other checks and the
 * headers of the route cost, too.
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
const sameRoute = { name: 'the same route answering a constant', value: median(rates.constant) }
report({ what, unit: 'jobs/s', ours, baseline: sameRoute, goal: { atLeast: 0.8 } })
const bareRoute = {
  name: 'a bare Fastify route with the same zod schema, answering a constant',
  value: median(rates.bare),
}
report({ what, unit: 'jobs/s', ours, baseline: bareRoute })
