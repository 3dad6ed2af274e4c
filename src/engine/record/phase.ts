import type { Job, JobState } from '../../job/job.ts'

/** What the `phase` column holds: the state, with `queued` split by whether the job is due. */
export const PHASE = { delayed: 0, ready: 1, processing: 2, completed: 3, failed: 4, cancelled: 5 } as const

export type Phase = (typeof PHASE)[keyof typeof PHASE]

const STATES: readonly JobState[] = ['queued', 'queued', 'processing', 'completed', 'failed', 'cancelled']

/** The state a stored phase stands for. */
export function stateOf(phase: number): JobState {
  const state = STATES[phase]
  if (state === undefined) throw new TypeError(`there is no phase ${phase}`)
  return state
}

/** The phase a job is stored with, at the instant of its last change. */
export function phaseOf({ state, runAt, updatedAt }: Job): Phase {
  if (state !== 'queued') return PHASE[state]
  return runAt <= updatedAt ? PHASE.ready : PHASE.delayed
}

/** The phases that are listed for a state. */
export function phasesOf(state: JobState): readonly Phase[] {
  return state === 'queued' ? [PHASE.delayed, PHASE.ready] : [PHASE[state]]
}
