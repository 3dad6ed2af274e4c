import { completeMany, startTarget, submitMany } from './support/load.ts'
import { report } from './support/report.ts'
import { beside, takeTurns } from './support/take-turns.ts'

/**
 * No-op jobs from `POST` to completed, beside the bare route that answers a constant: first through HTTP and the job
 * manager alone, then through the whole service, which also reads the manifest, looks for the file and calls a processor.
 */
const WARM_UP = 20_000
const JOBS = 4_000
const ROUNDS = 30

await using bare = await startTarget('bare-route.ts')
await using manager = await startTarget('submit-service.ts', ['run'])
await using service = await startTarget('noop-service.ts')

await submitMany(bare, WARM_UP)
for (const target of [manager, service]) await completeMany(target, WARM_UP)
const rates = await takeTurns(
  {
    bare: () => submitMany(bare, JOBS),
    manager: () => completeMany(manager, JOBS),
    service: () => completeMany(service, JOBS),
  },
  ROUNDS,
)

const name = 'bare Fastify route'
const unit = 'jobs/s'
report({
  what: 'no-op jobs through HTTP and the job manager, from POST to completed',
  unit,
  ...beside(rates.manager, name, rates.bare),
  goal: { atLeast: 0.35 },
})
report({
  what: 'the same through the whole service, each with a file',
  unit,
  ...beside(rates.service, name, rates.bare),
})
