import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Resources } from '../job/resources.ts'

/** What is configured; the rest is looked for. */
export interface ConfiguredBudget {
  cpu: number | undefined
  memoryBytes: number | undefined
  scratchBytes: number | undefined
}

/** The service itself, and what a processor takes beyond its word, need some memory, too. */
const SHARE_OF_MEMORY = 0.9

/** What this process may hand out to attempts; `folder` is where they have their scratch, or will have. */
export function findBudget(configured: ConfiguredBudget, folder: string): Resources {
  return {
    cpu: configured.cpu ?? Math.min(availableParallelism(), quotaOfCpu() ?? Number.POSITIVE_INFINITY),
    memoryBytes: configured.memoryBytes ?? Math.floor(usableMemory() * SHARE_OF_MEMORY),
    scratchBytes: configured.scratchBytes ?? freeBytes(resolve(folder)),
  }
}

/** Without a limit of its control group, a process is told some number beyond all memory, or 0. */
function usableMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

function freeBytes(folder: string): number {
  if (!existsSync(folder)) return freeBytes(dirname(folder))
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/**
 * The processors that the control group of this process may use, with their fraction, which Node does not tell: 1.5 of
 * them are no more than 1 to it. Undefined without a quota.
 */
export function quotaOfCpu(read: (path: string) => string | undefined = readQuietly): number | undefined {
  const [quota, period] = read('/sys/fs/cgroup/cpu.max')?.trim().split(' ') ?? [
    read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ]
  const processors = Number(quota) / Number(period)
  return processors > 0 && Number.isFinite(processors) ? Math.round(processors * 1000) / 1000 : undefined
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
