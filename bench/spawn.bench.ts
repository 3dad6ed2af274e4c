import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { median, report } from './support/report.ts'

/**
 * How fast programs are started, from a small service and from one that holds 1 GiB, and what that does to its event loop.
 * The code is measured as the package has it, compiled: a helper that reads TypeScript holds twice the memory, and every
 * fork copies its page tables.
 */
interface Figures {
  perSecond: number
  lagMs: number
}

/** Who starts programs in a round, in turns with the others: whatever else the machine does meets all of them. */
const STARTERS = {
  large: { ballastMiB: 1024, how: 'supervisor', count: 1_500 },
  small: { ballastMiB: 0, how: 'supervisor', count: 1_500 },
  lean: { ballastMiB: 0, how: 'spawn', count: 1_000 },
  direct: { ballastMiB: 1024, how: 'spawn', count: 50 },
} as const
const ROUNDS = 5

const compiled = mkdtempSync(join(tmpdir(), 'spawn-bench-'))
await compile()
const rounds: Record<keyof typeof STARTERS, Figures>[] = []
while (rounds.length < ROUNDS) {
  rounds.push({
    large: await measure('large'),
    small: await measure('small'),
    lean: await measure('lean'),
    direct: await measure('direct'),
  })
}
rmSync(compiled, { recursive: true })
const large = middle(({ large }) => large.perSecond)
reportRatio('by one that holds nothing', 'small', { atLeast: 0.9 })
report({ what: 'the same, by itself', unit: 'a second', ours: large, goal: { atLeast: 900 } })
reportRatio("by Node's own spawn in a process that holds nothing", 'lean')
report({
  what: 'event loop late meanwhile, p99',
  unit: 'ms',
  ours: middle(({ large }) => large.lagMs),
  goal: { atMost: 5 },
})
report({
  what: "with Node's own spawn in the service instead",
  unit: 'a second',
  ours: middle(({ direct }) => direct.perSecond),
})

function reportRatio(name: string, other: 'small' | 'lean', goal?: { atLeast: number }): void {
  report({
    what: 'programs started by a service that holds 1 GiB',
    unit: 'a second',
    ours: large,
    baseline: {
      name,
      value: middle((round) => round[other].perSecond),
      ratio: middle((round) => round.large.perSecond / round[other].perSecond),
    },
    ...(goal && { goal }),
  })
}

function middle(figure: (round: (typeof rounds)[number]) => number): number {
  return median(rounds.map(figure))
}

/** The helper's code lies beside the code that starts it, as it does in the package. */
async function compile(): Promise<void> {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }')
  await build({
    entryPoints: [at('./support/start-programs.ts'), at('../src/processor/supervisor/helper-main.ts')],
    entryNames: '[name]',
    outdir: compiled,
    bundle: true,
    platform: 'node',
    format: 'esm',
  })
}

async function measure(starter: keyof typeof STARTERS): Promise<Figures> {
  const { ballastMiB, how, count } = STARTERS[starter]
  const child = fork(join(compiled, 'start-programs.js'), [String(ballastMiB), how, String(count)])
  const [[figures]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  return figures as Figures
}
