import { z } from '../../src/index.ts'

/** What a job of the chaos is to do. */
export const ChaosParameters = z.object({
  /** Works in so many steps. */
  steps: z.number(),
  /** Each so long. */
  stepMs: z.number(),
  /** Saves a checkpoint after every so many steps; 0: never. */
  checkpointEvery: z.number(),
  /** Writes so many records, and as many artifacts. */
  records: z.number(),
  /** Fails every attempt before this one. */
  failUntil: z.number(),
  /** Runs again after this, once; 0: at once. */
  snoozeMs: z.number(),
  fail: z.enum(['never', 'always', 'unrecoverable']),
})

/** What a chaos job comes to. */
export const ChaosResult = z.object({
  /** Fencing token of the attempt that completed. */
  token: z.number(),
  attempt: z.number(),
  /** Steps that its checkpoint held. */
  resumedFrom: z.number(),
  /** SHA-256 of its input files, in manifest order. */
  digests: z.array(z.string()),
})

/** What a chaos job keeps for its next attempt. */
export const CheckpointedWork = z.object({ steps: z.number().default(0), snoozed: z.boolean().default(false) })

/** A line of the effect log: what an attempt did to the world, which no fencing takes back. */
export interface Effect {
  what: 'begin' | 'step' | 'end'
  job: string
  /** Fencing token of its lease. */
  token: number
  attempt: number
  pid: number
  /** Monotonic time of the machine, in ms: one for all processes, whatever their clocks say. */
  at: number
}
