import type { JobFilter, JobStatus } from '@longshore/client'
import { type Command, Option } from 'commander'
import { collect } from '../options.ts'

/** What a command may choose jobs by. */
export interface FilterOptions {
  readonly status?: readonly JobStatus[]
  readonly label?: readonly string[]
  readonly group?: string
  readonly schedule?: string
  readonly tenant?: string
}

/** Every state a job may be in. */
const STATUSES: readonly JobStatus[] = ['queued', 'processing', 'completed', 'failed', 'cancelled']

/** Gives a command the options that choose jobs. */
export function withFilterOptions(command: Command): Command {
  return command
    .addOption(new Option('--status <status...>', 'only jobs of these').choices(STATUSES))
    .option('--label <name=value>', 'only jobs with this label; may be given several times', collect(String))
    .option('--group <name>', 'only jobs of this group')
    .option('--schedule <name>', 'only jobs that this schedule submitted')
    .option('--tenant <name>', "only this tenant's, for a key that belongs to none")
}

/** The jobs that the options choose; empty when they choose all. */
export function filterOf({
  status,
  label,
  group,
  schedule,
  tenant,
}: FilterOptions): JobFilter & { status?: JobStatus[]; label?: string[] } {
  return {
    ...(status !== undefined && { status: [...status] }),
    ...(label !== undefined && { label: [...label] }),
    ...(group !== undefined && { group }),
    ...(schedule !== undefined && { schedule }),
    ...(tenant !== undefined && { tenant }),
  }
}
