import { completeMany, startTarget, submitMany } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * No-op jobs from `POST` to completed, beside the bare route that answers a constant: first through HTTP and the job
 * manager alone, then through the whole service, which also reads the manifest, looks for the file and calls a processor.
 */
const JOBS = 20_000
const ROUNDS = 3

await using bare = await startTarget('bare-route.ts')
await using manager = await startTarget('submit-service.ts', ['run'])
await using service = await startTarget('noop-service.ts')

const rates = { bare: [] as number[], manager: [] as number[], service: [] as number[] }
for (let round = 0; round <= ROUNDS; round++) {
  const bareRate = await submitMany(bare, JOBS)
  const managerRate = await completeMany(manager, JOBS)
  const serviceRate = await completeMany(service, JOBS)
  if (round === 0) continue // warms up
  rates.bare.push(bareRate)
  rates.manager.push(managerRate)
  rates.service.push(serviceRate)
}

const baseline = { name: 'bare Fastify route', value: median(rates.bare) }
const unit = 'jobs/s'
report({
  what: 'no-op jobs through HTTP and the job manager, from POST to completed',
  unit,
  ours: median(rates.manager),
  baseline,
  goal: { atLeast: 0.35 },
})
report({ what: 'the same through the whole service, each with a file', unit, ours: median(rates.service), baseline })
