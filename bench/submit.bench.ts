import { startTarget, submitMany, type Target } from './support/load.ts'
import { median, middle, report } from './support/report.ts'

/**
 * Durable submits beside the least that Fastify and zod can do. Then, to tell what keeping a job costs from what the
 * checks and headers of the route cost, beside our own route with an engine that answers a constant.
 *
 * The three work in short turns, in the opposite order every other round, so that a machine that grows faster or slower
 * meets all alike: each round gives its ratios, and the middle of those is told, with how far it may be from the truth.
 */
const WARM_UP = 40_000
const JOBS = 4_000
const ROUNDS = 80

await using bare = await startTarget('bare-route.ts')
await using constant = await startTarget('submit-service.ts', ['constant'])
await using service = await startTarget('submit-service.ts')

const contestants = [
  { target: bare, rates: [] as number[] },
  { target: constant, rates: [] as number[] },
  { target: service, rates: [] as number[] },
] as const satisfies { target: Target; rates: number[] }[]
const [ofBare, ofConstant, ofService] = contestants

for (const { target } of contestants) await submitMany(target, WARM_UP)
for (let round = 0; round < ROUNDS; round++) {
  for (const { target, rates } of round % 2 === 0 ? contestants : contestants.toReversed()) {
    rates.push(await submitMany(target, JOBS))
  }
}

const what = 'durable POST /jobs, 64 connections'
const ours = median(ofService.rates)
const beside = (name: string, rates: readonly number[]) => {
  const { value: ratio, span } = middle(rates.map((rate, round) => (ofService.rates[round] ?? Number.NaN) / rate))
  return { what, unit: 'jobs/s', ours, baseline: { name, value: median(rates), ratio }, span }
}
report({ ...beside('bare Fastify with the zod schema, answering a constant', ofBare.rates), goal: { atLeast: 0.8 } })
report(beside('our own route answering a constant', ofConstant.rates))
