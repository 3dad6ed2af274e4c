import { once } from 'node:events'
import { startTarget, submitMany } from './support/load.ts'
import { median, report } from './support/report.ts'

/** No-op jobs from `POST` to completed, beside the bare route that answers a constant. */
const JOBS = 12_800
const ROUNDS = 3

await using bare = await startTarget('bare-route.ts')
await using service = await startTarget('noop-service.ts')

const ours: number[] = []
const baseline: number[] = []
await submitMany(bare, JOBS)
await complete(JOBS)
for (let round = 0; round < ROUNDS; round++) {
  baseline.push(await submitMany(bare, JOBS))
  ours.push(await complete(JOBS))
}
report({
  what: 'no-op jobs over HTTP, from POST to completed',
  unit: 'jobs/s',
  ours: median(ours),
  baseline: { name: 'bare Fastify route', value: median(baseline) },
  goal: { atLeast: 0.35 },
})

async function complete(jobs: number): Promise<number> {
  const done = once(service.process, 'message')
  service.process.send(jobs)
  const begun = performance.now()
  const [, rate] = await Promise.all([done, submitMany(service, jobs)])
  console.error(`submits ${Math.round(rate)}/s`)
  return jobs / ((performance.now() - begun) / 1000)
}
