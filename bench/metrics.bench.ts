import { once } from 'node:events'
import { completeMany, startTarget, type Target } from './support/load.ts'
import { median, report } from './support/report.ts'

/**
 * What metrics cost: no-op jobs from `POST` to completed through the whole service, with and without them, and scraped
 * meanwhile more often than anybody would. The two take turns in short rounds, each first in every other one, and the
 * ratios are the middle ones: whatever else the machine does meets both. Processor time says the same with less noise.
 */
const JOBS = 2_000
const ROUNDS = 40
const SCRAPE_EVERY_MS = 1_000

await using without = await startTarget('noop-service.ts', ['METRICS=false'])
await using measured = await startTarget('noop-service.ts', ['METRICS=true'])
for (const target of [without, measured]) await completeMany(target, 10_000) // warms up
const scraping = setInterval(() => scrape(), SCRAPE_EVERY_MS)

const rates = { without: [] as number[], ratios: [] as number[] }
const times = { without: [] as number[], ratios: [] as number[] }
for (let round = 0; round < ROUNDS; round++) {
  const order = round % 2 === 0 ? [without, measured] : [measured, without]
  const figures = new Map<Target, Round>()
  for (const target of order) figures.set(target, await run(target))
  const [bare, ours] = [figures.get(without), figures.get(measured)]
  if (bare === undefined || ours === undefined) throw new Error('a round was left out')
  rates.without.push(bare.perSecond)
  rates.ratios.push(ours.perSecond / bare.perSecond)
  times.without.push(bare.cpuUs)
  times.ratios.push(ours.cpuUs / bare.cpuUs)
}
clearInterval(scraping)

const rate = median(rates.without)
report({
  what: 'no-op jobs through the whole service with metrics, scraped every second',
  unit: 'jobs/s',
  ours: rate * median(rates.ratios),
  baseline: { name: 'without metrics', value: rate },
  goal: { atLeast: 0.95 },
})
const time = median(times.without)
report({
  what: 'processor time of a job in that service',
  unit: 'µs',
  ours: time * median(times.ratios),
  baseline: { name: 'without metrics', value: time },
  goal: { atMost: 1.05 },
})

/** One round of one service: jobs a second, and its processor time for each. */
interface Round {
  perSecond: number
  cpuUs: number
}

async function run(target: Target): Promise<Round> {
  const before = await cpuMs(target)
  const perSecond = await completeMany(target, JOBS)
  return { perSecond, cpuUs: (1000 * ((await cpuMs(target)) - before)) / JOBS }
}

async function cpuMs(target: Target): Promise<number> {
  const told = once(target.process, 'message')
  target.process.send('cpu')
  const [ms]: unknown[] = await told
  if (typeof ms !== 'number') throw new Error('no processor time was told')
  return ms
}

async function scrape(): Promise<void> {
  const answer = await fetch(`${measured.url}/metrics`)
  const text = await answer.text()
  if (!text.includes('longshore_jobs_ended_total')) throw new Error(`no metrics: ${answer.status} ${text}`)
}
