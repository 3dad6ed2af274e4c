import type { Held, History } from './check-audit.ts'
import type { Effect } from './work.ts'

/** When something was done to a worker that may keep it from hearing that it lost a lease; ms since 1970. */
export interface Excuse {
  /** Whether it struck the worker of this name. */
  concerns(worker: string): boolean
  from: number
  to: number
}

/** What the effects of all attempts tell. */
export interface EffectsReport {
  violations: string[]
  /** Attempts that went on after their lease was lost, all of them with an excuse. */
  zombies: number
}

/**
 * Compares what attempts did with what they were entitled to. Each token has one run; nobody acts without a claim; who acts
 * after his lease was over was frozen or cut off shortly before. `patienceMs` is how long he may take to notice.
 */
export function checkEffects(
  effects: readonly Effect[],
  histories: ReadonlyMap<string, History>,
  { excuses, patienceMs, epochMs }: { excuses: readonly Excuse[]; patienceMs: number; epochMs: number },
): EffectsReport {
  const violations: string[] = []
  let zombies = 0
  for (const [key, own] of Map.groupBy(effects, ({ job, token }) => `${job} token ${token}`)) {
    const [first] = own
    if (first === undefined) continue
    const held = histories.get(first.job)?.attempts.find(({ token }) => token === first.token)
    if (own.filter(({ what }) => what === 'begin').length !== 1) violations.push(`${key}: not begun once`)
    if (new Set(own.map(({ pid }) => pid)).size > 1) violations.push(`${key}: ran in several processes`)
    if (held === undefined) {
      violations.push(`${key}: ran without a claim`)
      continue
    }
    const last = Math.max(...own.map(({ at }) => at)) + epochMs
    if (last <= held.to + patienceMs) continue
    zombies += 1
    if (!isExcused(held, last, excuses)) {
      violations.push(`${key}: acted ${Math.round(last - held.to)} ms after its lease was over, undisturbed`)
    }
  }
  return { violations, zombies }
}

function isExcused({ from, worker }: Held, at: number, excuses: readonly Excuse[]): boolean {
  return excuses.some((excuse) => excuse.concerns(worker) && excuse.from <= at && excuse.to >= from)
}
