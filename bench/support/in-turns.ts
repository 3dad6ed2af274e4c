import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { submitMany, type Target } from './load.ts'
import { median, middle, type Span } from './report.ts'

/** Jobs of each before anything is measured. */
const WARM_UP = 20_000

/** A service of a pair, and which of the two it is. */
export type Paired = Pick<Target, 'url' | 'uri'> & { place: 0 | 1 }

/** Two services in one process of their own, to be compared. */
export interface Pair extends AsyncDisposable {
  bare: Paired
  ours: Paired
  process: ChildProcess
}

/** Starts `support/noop-pair.ts`; what is said of each are its settings, `NAME=value`, and `trace` to record every trace. */
export async function startPair(bare: readonly string[], ours: readonly string[]): Promise<Pair> {
  const child = fork(new URL('noop-pair.ts', import.meta.url), [bare.join(','), ours.join(',')])
  const [[first, second]] = (await once(child, 'message')) as [[Target, Target]]
  const stop = async (): Promise<void> => {
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
  }
  const places = { bare: { ...first, place: 0 }, ours: { ...second, place: 1 } } as const
  return { ...places, process: child, [Symbol.asyncDispose]: stop }
}

/** What two services did in turns. */
export interface Turns {
  /** Jobs a second. */
  rate: Compared
  /** Processor time of a job, in µs. */
  cpuUs: Compared
}

/** The middle of what one service did, and how the other relates to it. */
interface Compared {
  bare: number
  ratio: number
  /** Where the true ratio lies with 95 % certainty. */
  span: Span
}

/** How long turns are, and what happens beside the jobs, to one of the two alone. */
export interface TurnPlan {
  /** So many times four turns. */
  fours: number
  /** Jobs of a turn. */
  jobs: number
  /** Begins and stops whatever asks something of the service `ours` while jobs run there. */
  onTurn?(isOurs: boolean): void
  /** How long that may go on after the last job; it is counted, too. */
  echoMs?: number
}

/**
 * Two services complete no-op jobs in turns: bare, ours, ours, bare, and then the other way round. A machine that grows
 * faster or slower through these four meets both alike, so that each four give one ratio, and of all ratios the middle one
 * is told, with how far it may be from the truth. Both are warmed up before.
 */
export async function runInTurns(pair: Pair, plan: TurnPlan): Promise<Turns> {
  for (const service of [pair.bare, pair.ours]) await completeIn(pair, service, WARM_UP)
  const rounds: { bare: Turn; ours: Turn }[] = []
  for (let round = 0; round < plan.fours; round++) {
    const [outer, inner] = round % 2 === 0 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const)
    const turns = { bare: NOTHING, ours: NOTHING }
    for (const whose of [outer, inner, inner, outer]) {
      plan.onTurn?.(whose === 'ours')
      turns[whose] = sum(turns[whose], await run(pair, pair[whose], plan))
    }
    rounds.push(turns)
  }
  plan.onTurn?.(false)
  const compare = (figure: (turn: Turn) => number): Compared => {
    const bare = median(rounds.map((round) => figure(round.bare)))
    const { value, span } = middle(rounds.map(({ bare, ours }) => figure(ours) / figure(bare)))
    return { bare, ratio: value, span }
  }
  return {
    rate: compare(({ jobs, seconds }) => jobs / seconds),
    cpuUs: compare(({ jobs, cpuMs }) => (1000 * cpuMs) / jobs),
  }
}

/** What one service did, and what it took. */
interface Turn {
  jobs: number
  seconds: number
  cpuMs: number
}

const NOTHING: Turn = { jobs: 0, seconds: 0, cpuMs: 0 }

function sum(one: Turn, other: Turn): Turn {
  return {
    jobs: one.jobs + other.jobs,
    seconds: one.seconds + other.seconds,
    cpuMs: one.cpuMs + other.cpuMs,
  }
}

async function run(pair: Pair, service: Paired, { jobs, echoMs }: TurnPlan): Promise<Turn> {
  const before = await cpuMsOf(pair)
  const seconds = await completeIn(pair, service, jobs)
  if (echoMs !== undefined) await pause(echoMs)
  return { jobs, seconds, cpuMs: (await cpuMsOf(pair)) - before }
}

/** Submits so many jobs to one of the pair; answers the seconds until all are completed. */
export async function completeIn(pair: Pair, service: Paired, jobs: number): Promise<number> {
  const done = once(pair.process, 'message')
  pair.process.send({ place: service.place, jobs })
  const begun = performance.now()
  await Promise.all([done, submitMany(service, jobs)])
  return (performance.now() - begun) / 1000
}

async function cpuMsOf(pair: Pair): Promise<number> {
  const told = once(pair.process, 'message')
  pair.process.send('cpu')
  const [ms]: unknown[] = await told
  if (typeof ms !== 'number') throw new Error('no processor time was told')
  return ms
}
