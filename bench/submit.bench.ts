import { startTarget, submitMany, type Target } from './support/load.ts'
import { type Measurement, report } from './support/report.ts'
import { beside, takeTurns } from './support/take-turns.ts'

/**
 * Durable submits beside the least that Fastify and zod can do. Then, to tell what keeping a job costs from what the
 * checks and headers of the route cost, beside our own route with an engine that answers a constant. Each time two
 * services are there and no more: on two cores a third one moves those that work.
 */
const WARM_UP = 40_000
const JOBS = 4_000
const ROUNDS = 200

await compare('bare Fastify with the zod schema, answering a constant', () => startTarget('bare-route.ts'), {
  atLeast: 0.8,
})
await compare('our own route answering a constant', () => startTarget('submit-service.ts', ['constant']))

async function compare(name: string, startRival: () => Promise<Target>, goal?: Measurement['goal']): Promise<void> {
  await using rival = await startRival()
  await using service = await startTarget('submit-service.ts')
  for (const target of [rival, service]) await submitMany(target, WARM_UP)
  const turns = { rival: () => submitMany(rival, JOBS), service: () => submitMany(service, JOBS) }
  const rates = await takeTurns(turns, ROUNDS)
  report({
    what: 'durable POST /jobs, 64 connections',
    unit: 'jobs/s',
    ...beside(rates.service, name, rates.rival),
    ...(goal && { goal }),
  })
}
