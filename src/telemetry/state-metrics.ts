import { statfs } from 'node:fs/promises'
import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../base/clock.ts'
import type { JobState } from '../job/job.ts'
import type { Resources } from '../job/resources.ts'

/** Jobs of one kind that are due and wait; null when there are none. */
interface DueJobs {
  jobs: number
  oldestDueAt: number | null
}

/** What a scrape looks at. */
export interface Scraped {
  clock: Clock
  /** How many jobs stand where, cheaply. */
  counts(): Promise<{ states: Readonly<Record<JobState, number>> }>
  /** What is due, by whether it belongs to a group, as far as is cheap to see. */
  queue(): Promise<{ grouped: DueJobs; ungrouped: DueJobs }>
  /** Attempts that may run here at once; 0 while none are taken. */
  slots(): number
  /** What attempts here may need together, and what those that run do. */
  resources(): { budget: Resources; used: Resources }
  /** Folder whose disk is looked at. */
  dataDir: string
}

/** Answers how to read the gauges anew, before a scrape is answered. What cannot be read is left out, and `longshore_engine_up` says so. */
export function stateMetrics(registry: Registry, scraped: Scraped): () => Promise<void> {
  const readJobs = jobGauges(registry, scraped)
  const readQueue = queueGauges(registry, scraped)
  const readDisk = diskGauges(registry, scraped.dataDir)
  const readResources = resourceGauges(registry, scraped)
  const slots = new Gauge({
    name: 'longshore_worker_slots',
    help: 'Attempts that may run in this process at once; 0 while it takes no work',
    registers: [registry],
  })
  return async () => {
    slots.set(scraped.slots())
    readResources()
    await Promise.all([readJobs(), readQueue(), readDisk()])
  }
}

function jobGauges(registry: Registry, { counts }: Scraped): () => Promise<void> {
  const registers = [registry]
  const jobs = new Gauge({
    name: 'longshore_jobs',
    help: 'Jobs in each state, in the whole service: every replica tells the same',
    labelNames: ['state'],
    registers,
  })
  const up = new Gauge({
    name: 'longshore_engine_up',
    help: 'Whether the job engine answered this scrape: 1 or 0',
    registers,
  })
  return async () => {
    const answer = await counts().catch(() => undefined)
    up.set(answer ? 1 : 0)
    jobs.reset()
    if (answer === undefined) return
    for (const [state, count] of Object.entries(answer.states)) jobs.set({ state }, count)
  }
}

function queueGauges(registry: Registry, { clock, queue }: Scraped): () => Promise<void> {
  const common = { labelNames: ['grouped'], registers: [registry] }
  const due = new Gauge({
    ...common,
    name: 'longshore_queue_due_jobs',
    help: 'Jobs that are due and wait, in the whole service, of the 5,000 due longest: at least so many',
  })
  const oldest = new Gauge({
    ...common,
    name: 'longshore_queue_oldest_due_age_seconds',
    help: 'How long the job that has been due longest waits, in seconds; 0 when none of the 5,000 due longest is such a one',
  })
  return async () => {
    const look = await queue().catch(() => undefined)
    due.reset()
    oldest.reset()
    if (look === undefined) return
    for (const [grouped, { jobs, oldestDueAt }] of [
      ['yes', look.grouped],
      ['no', look.ungrouped],
    ] as const) {
      due.set({ grouped }, jobs)
      oldest.set({ grouped }, oldestDueAt === null ? 0 : Math.max(0, clock.now() - oldestDueAt) / 1000)
    }
  }
}

const RESOURCE_GAUGES = [
  { name: 'longshore_worker_cpus', of: 'cpu', help: 'Processors that jobs may need together in this process' },
  {
    name: 'longshore_worker_memory_bytes',
    of: 'memoryBytes',
    help: 'Memory that jobs may need together in this process',
  },
  {
    name: 'longshore_worker_scratch_bytes',
    of: 'scratchBytes',
    help: 'Disk that jobs may need together in this process',
  },
] as const

function resourceGauges(registry: Registry, { resources }: Scraped): () => void {
  const gauges = RESOURCE_GAUGES.map(({ name, of, help }) => {
    const text = `${help} (budget), and what those that run were promised (used)`
    return { of, gauge: new Gauge({ name, help: text, labelNames: ['of'], registers: [registry] }) }
  })
  return () => {
    const { budget, used } = resources()
    for (const { of, gauge } of gauges) {
      gauge.set({ of: 'budget' }, budget[of])
      gauge.set({ of: 'used' }, used[of])
    }
  }
}

function diskGauges(registry: Registry, dataDir: string): () => Promise<void> {
  const registers = [registry]
  const size = new Gauge({
    name: 'longshore_data_dir_size_bytes',
    help: 'Size of the disk under DATA_DIR, in bytes',
    registers,
  })
  const free = new Gauge({
    name: 'longshore_data_dir_free_bytes',
    help: 'Bytes of the disk under DATA_DIR that the service may still use',
    registers,
  })
  return async () => {
    const disk = await statfs(dataDir).catch(() => undefined)
    if (disk === undefined) return
    size.set(disk.blocks * disk.bsize)
    free.set(disk.bavail * disk.bsize)
  }
}
