import { runInTurns } from './support/in-turns.ts'
import { startTarget } from './support/load.ts'
import { report } from './support/report.ts'

/**
 * What metrics cost: no-op jobs from `POST` to completed through the whole service, with and without them, and scraped
 * meanwhile more often than anybody would. Processor time says the same with less noise.
 */
const ROUNDS = 40
const SCRAPE_EVERY_MS = 1_000

await using without = await startTarget('noop-service.ts', ['METRICS=false'])
await using measured = await startTarget('noop-service.ts', ['METRICS=true'])
const scraping = setInterval(() => scrape(), SCRAPE_EVERY_MS)
const { rate, cpuUs } = await runInTurns(without, measured, ROUNDS)
clearInterval(scraping)

report({
  what: 'no-op jobs through the whole service with metrics, scraped every second',
  unit: 'jobs/s',
  ours: rate.bare * rate.ratio,
  baseline: { name: 'without metrics', value: rate.bare },
  goal: { atLeast: 0.95 },
})
report({
  what: 'processor time of a job in that service',
  unit: 'µs',
  ours: cpuUs.bare * cpuUs.ratio,
  baseline: { name: 'without metrics', value: cpuUs.bare },
  goal: { atMost: 1.05 },
})

async function scrape(): Promise<void> {
  const answer = await fetch(`${measured.url}/metrics`)
  const text = await answer.text()
  if (!text.includes('longshore_jobs_ended_total')) throw new Error(`no metrics: ${answer.status} ${text}`)
}
