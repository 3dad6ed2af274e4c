import { once } from 'node:events'
import { completeMany, type Target } from './load.ts'
import { median } from './report.ts'

/** Jobs of a round. */
const JOBS = 2_000

/** What two services did in turns: the middle of what one did, and of the ratios of the other to it. */
export interface Turns {
  /** Jobs a second. */
  rate: { bare: number; ratio: number }
  /** Processor time of a job, in µs. */
  cpuUs: { bare: number; ratio: number }
}

/**
 * Two services complete no-op jobs in turns, in short rounds, each first in every other one: whatever else the machine
 * does meets both. Both are warmed up before.
 */
export async function runInTurns(bare: Target, ours: Target, rounds: number): Promise<Turns> {
  for (const target of [bare, ours]) await completeMany(target, 10_000)
  const pairs: { bare: Round; ours: Round }[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await run(bare)
      pairs.push({ bare: first, ours: await run(ours) })
    } else {
      const first = await run(ours)
      pairs.push({ ours: first, bare: await run(bare) })
    }
  }
  const middle = (figure: keyof Round) => ({
    bare: median(pairs.map((pair) => pair.bare[figure])),
    ratio: median(pairs.map((pair) => pair.ours[figure] / pair.bare[figure])),
  })
  return { rate: middle('perSecond'), cpuUs: middle('cpuUs') }
}

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
