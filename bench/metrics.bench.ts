import { runInTurns, startPair } from './support/in-turns.ts'
import { report } from './support/report.ts'

/**
 * What metrics cost: no-op jobs from `POST` to completed through the whole service, with and without them, and scraped
 * meanwhile more often than most would, every 5 s of its turns. Processor time says the same.
 */
const FOURS = 60
const JOBS = 1_000
const SCRAPE_EVERY_TURNS = 25

await using pair = await startPair(['METRICS=false'], ['METRICS=true'])
let turns = 0
const { rate, cpuUs } = await runInTurns(pair, {
  fours: FOURS,
  jobs: JOBS,
  onTurn: (isOurs) => {
    if (isOurs && ++turns % SCRAPE_EVERY_TURNS === 0) scrape()
  },
})

report({
  what: 'no-op jobs through the whole service with metrics, scraped every 5 s',
  unit: 'jobs/s',
  ours: rate.bare * rate.ratio,
  baseline: { name: 'without metrics', value: rate.bare },
  span: rate.span,
  goal: { atLeast: 0.95 },
})
report({
  what: 'processor time of a job in that service',
  unit: 'µs',
  ours: cpuUs.bare * cpuUs.ratio,
  baseline: { name: 'without metrics', value: cpuUs.bare },
  span: cpuUs.span,
  goal: { atMost: 1.05 },
})

async function scrape(): Promise<void> {
  const answer = await fetch(`${pair.ours.url}/metrics`)
  const text = await answer.text()
  if (!text.includes('longshore_jobs_ended_total')) throw new Error(`no metrics: ${answer.status} ${text}`)
}
