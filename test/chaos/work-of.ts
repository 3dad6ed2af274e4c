import type { z } from '../../src/index.ts'
import type { Errand } from './plan.ts'
import type { ChaosParameters } from './work.ts'

const IDLE = { steps: 1, stepMs: 10, checkpointEvery: 0, records: 0, failUntil: 0, snoozeMs: 0, fail: 'never' } as const

/** What an errand's job is to do. */
export function parametersOf({ work, size }: Errand): z.output<typeof ChaosParameters> {
  switch (work) {
    case 'plain':
      return { ...IDLE, stepMs: Math.round(size * 100) }
    case 'long':
      return { ...IDLE, steps: 4 + Math.round(size * 30), stepMs: 100, checkpointEvery: 2, records: 3 }
    case 'outputs':
      return { ...IDLE, steps: 3, stepMs: 50, records: 5 + Math.round(size * 200) }
    case 'retry':
      return { ...IDLE, failUntil: 2 + Math.round(size), records: 2 }
    case 'snooze':
      return { ...IDLE, snoozeMs: 200 + Math.round(size * 1_000) }
    case 'cancel':
      return { ...IDLE, steps: 40, stepMs: 100, records: 2 }
    case 'always':
    case 'unrecoverable':
      return { ...IDLE, fail: work }
  }
}
