import { completeMany, startTarget } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * What metrics cost: no-op jobs from `POST` to completed through the whole service, with and without them, and scraped
 * meanwhile as often as nobody would. The two take turns, each first in every other round, so that neither has the
 * quieter machine; the ratio is that of the middle of the rounds' ratios.
 */
const JOBS = 10_000
const ROUNDS = 9
const SCRAPE_EVERY_MS = 1_000

await using without = await startTarget('noop-service.ts', ['METRICS=false'])
await using measured = await startTarget('noop-service.ts', ['METRICS=true'])
const scraping = setInterval(() => scrape(), SCRAPE_EVERY_MS)

const rates = { without: [] as number[], measured: [] as number[], ratios: [] as number[] }
for (let round = 0; round <= ROUNDS; round++) {
  const first = round % 2 === 0 ? without : measured
  const firstRate = await completeMany(first, JOBS)
  const secondRate = await completeMany(first === without ? measured : without, JOBS)
  if (round === 0) continue // warms up
  const [bare, ours] = first === without ? [firstRate, secondRate] : [secondRate, firstRate]
  rates.without.push(bare)
  rates.measured.push(ours)
  rates.ratios.push(ours / bare)
}
clearInterval(scraping)

const baseline = median(rates.without)
report({
  what: 'no-op jobs through the whole service with metrics, scraped every second',
  unit: 'jobs/s',
  ours: baseline * median(rates.ratios),
  baseline: { name: 'without metrics', value: baseline },
  goal: { atLeast: 0.95 },
})

async function scrape(): Promise<void> {
  const answer = await fetch(`${measured.url}/metrics`)
  const text = await answer.text()
  if (!text.includes('longshore_jobs_ended_total')) throw new Error(`no metrics: ${answer.status} ${text}`)
}
