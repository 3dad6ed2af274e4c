import type { Job } from './job.ts'
import {
  fits,
  lackingOf,
  leftOf,
  NO_RESOURCES,
  RESOURCE_NAMES,
  type ResourceName,
  type Resources,
} from './resources.ts'

/** What a worker has to give, and what of it is taken. */
export interface WorkerRoom {
  worker: string
  /** Jobs that may run at once, and that do. */
  slots: number
  running: number
  /** What its jobs may need together, and do; null sets no limit. */
  budget: Resources | null
  used: Resources
}

/** What a queued job finds around it. */
export interface Surroundings {
  workers: readonly WorkerRoom[]
  /** Jobs of its group that run. */
  groupRunning: number
  /** Jobs of one group that may run at once; no limit when undefined. */
  groupLimit: number | undefined
  /** Jobs of its tenant that run. */
  tenantRunning: number
  /** Jobs of its tenant that may run at once; no limit when undefined. */
  tenantLimit: number | undefined
}

/**
 * What a queued job waits for: the instant it is due, any worker, a worker with a budget that it fits, a job of its tenant
 * or its group to end, a slot, one of the things it needs, or just its turn.
 */
type WaitReason =
  | 'due_time'
  | 'worker'
  | 'budget'
  | 'tenant_limit'
  | 'group_limit'
  | 'slot'
  | 'cpu'
  | 'memory'
  | 'scratch'
  | 'turn'

/** Why a job waits. */
export interface Waiting {
  reason: WaitReason
  /** For people. */
  message: string
  /** Of each thing, the most that a worker has; null when no worker is known, or one has no limit. */
  largestBudget: Resources | null
}

const REASONS: Readonly<Record<ResourceName, WaitReason>> = {
  cpu: 'cpu',
  memoryBytes: 'memory',
  scratchBytes: 'scratch',
}

/** Why a queued job does not run yet. */
export function waitingFor(job: Job, now: number, around: Surroundings): Waiting {
  const largestBudget = largestOf(around.workers)
  const [reason, message] = judge(job, now, around, largestBudget)
  return { reason, message, largestBudget }
}

type Judgement = readonly [reason: WaitReason, message: string]

function judge(job: Job, now: number, around: Surroundings, largest: Resources | null): Judgement {
  const { workers, groupRunning, groupLimit = Number.POSITIVE_INFINITY } = around
  const { tenantRunning, tenantLimit = Number.POSITIVE_INFINITY } = around
  if (job.runAt > now) return ['due_time', `It is due at ${new Date(job.runAt).toISOString()}.`]
  if (workers.length === 0) return ['worker', 'No worker takes jobs now.']
  const large = workers.filter(({ budget }) => budget === null || fits(job.resources, budget))
  if (large.length === 0) return ['budget', tooLarge(job.resources ?? NO_RESOURCES, largest ?? NO_RESOURCES)]
  if (job.tenant !== null && tenantRunning >= tenantLimit) {
    return ['tenant_limit', `${tenantRunning} jobs of its tenant run, which is its limit (${tenantLimit}).`]
  }
  if (job.group !== null && groupRunning >= groupLimit) {
    return ['group_limit', `${groupRunning} jobs of its group run, the limit (GROUP_CONCURRENCY) is ${groupLimit}.`]
  }
  return judgeRoom(job.resources, large)
}

/** @param large the workers whose budget the job fits */
function judgeRoom(needs: Resources | null, large: readonly WorkerRoom[]): Judgement {
  const open = large.filter(({ running, slots }) => running < slots)
  if (open.length === 0) return ['slot', 'Every worker that could run it runs as many jobs as it may at once.']
  const [least = []] = open.map((worker) => lackingOf(needs, roomOf(worker))).sort((a, b) => a.length - b.length)
  const [name] = least
  if (name === undefined) return ['turn', 'Others are before it.']
  const most = Math.max(...open.map((worker) => roomOf(worker)[name]))
  return [REASONS[name], `It needs ${quantity(name, needs?.[name] ?? 0)}, at most ${quantity(name, most)} are free.`]
}

function roomOf({ budget, used }: WorkerRoom): Resources {
  return budget === null ? { cpu: Infinity, memoryBytes: Infinity, scratchBytes: Infinity } : leftOf(budget, used)
}

function largestOf(workers: readonly WorkerRoom[]): Resources | null {
  const budgets = workers.flatMap(({ budget }) => budget ?? [])
  if (budgets.length === 0 || budgets.length < workers.length) return null
  const most = (name: ResourceName): number => Math.max(...budgets.map((budget) => budget[name]))
  return { cpu: most('cpu'), memoryBytes: most('memoryBytes'), scratchBytes: most('scratchBytes') }
}

/** Says of what no worker has enough. */
export function tooLarge(needs: Resources, largest: Resources): string {
  const lacking = RESOURCE_NAMES.filter((name) => needs[name] > largest[name])
  if (lacking.length === 0) return 'No worker has enough of all that it needs at once.'
  const each = lacking.map(
    (name) => `${quantity(name, needs[name])} (the largest worker has ${quantity(name, largest[name])})`,
  )
  return `It needs ${each.join(' and ')}.`
}

const WORDS: Readonly<Record<ResourceName, string>> = {
  cpu: 'processors',
  memoryBytes: 'bytes of memory',
  scratchBytes: 'bytes of scratch',
}

function quantity(name: ResourceName, amount: number): string {
  return `${amount} ${WORDS[name]}`
}
