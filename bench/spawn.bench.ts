import { fork } from 'node:child_process'
import { once } from 'node:events'
import { median, report } from './support/report.ts'

/** How fast programs are started, from a small service and from one that holds 1 GiB, and what that does to its event loop. */
interface Figures {
  perSecond: number
  lagMs: number
}

const ROUNDS = 3
const LARGE_MIB = 1024

const small = await measure(0, 'supervisor', 2_000)
const large = await measure(LARGE_MIB, 'supervisor', 2_000)
const lean = await measure(0, 'spawn', 1_000)
const direct = await measure(LARGE_MIB, 'spawn', 100)
report({
  what: 'programs started by a service that holds 1 GiB',
  unit: 'a second',
  ours: large.perSecond,
  baseline: { name: 'by one that holds nothing', value: small.perSecond },
  goal: { atLeast: 0.9 },
})
report({
  what: 'the same, by itself',
  unit: 'a second',
  ours: large.perSecond,
  goal: { atLeast: 900 },
})
report({
  what: "the same, beside Node's own spawn from a process that holds nothing",
  unit: 'a second',
  ours: large.perSecond,
  baseline: { name: 'which starts', value: lean.perSecond },
})
report({
  what: 'event loop late meanwhile, p99',
  unit: 'ms',
  ours: large.lagMs,
  goal: { atMost: 5 },
})
report({ what: "with Node's own spawn instead", unit: 'a second', ours: direct.perSecond })

async function measure(ballastMiB: number, how: string, count: number): Promise<Figures> {
  const rounds: Figures[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const child = fork(new URL('./support/start-programs.ts', import.meta.url), [
      String(ballastMiB),
      how,
      String(count),
    ])
    const [[figures]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
    rounds.push(figures as Figures)
  }
  return {
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    lagMs: median(rounds.map(({ lagMs }) => lagMs)),
  }
}
