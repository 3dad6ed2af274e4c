import type { JobOptions } from '@longshore/client'
import type { Command } from 'commander'
import { amount, collect, size, wholeNumber } from '../options.ts'
import { readPair, readParam } from './parameters.ts'
import type { JobWishes } from './submit-options.ts'

const PARAM_HELP =
  'a parameter; a value that is JSON is that (3, true, [1,2], "3"), any other a string; may be given several times'

/** Adds what every way to submit takes. */
export function withJobOptions(command: Command): Command {
  return command
    .option('-p, --param <name=value>', PARAM_HELP, collect(readParam))
    .option('--params <json>', 'all parameters as JSON, or as @file')
    .option('-l, --label <name=value>', 'label to find the job by; may be given several times', collect(readPair))
    .option('--priority <n>', 'larger runs first; 0 unless given', wholeNumber(-1000, 1000))
    .option('--group <name>', 'groups take turns, and may have a limit each')
    .option('--max-attempts <n>', 'how often it is tried', wholeNumber(1, 100))
    .option('--timeout <seconds>', 'how long one attempt may take', amount)
    .option('--callback-url <url>', 'tell this URL when the job has ended, by a signed webhook')
    .option('--cpu <n>', 'processors it takes of a worker; as the processor says unless given', amount)
    .option('--memory <size>', 'memory it takes of a worker, e.g. 4GiB', size)
    .option('--scratch <size>', 'disk it takes of a worker, e.g. 20GiB', size)
}

/** What the options say of the job itself, as the wire names it. */
export function jobOptionsOf(options: JobWishes & { readonly delay?: number }): JobOptions {
  const { label, priority, group, delay, maxAttempts, timeout, callbackUrl } = options
  return given({
    labels: label === undefined ? undefined : Object.fromEntries(label),
    priority,
    group,
    delay_seconds: delay,
    max_attempts: maxAttempts,
    timeout_seconds: timeout,
    callback_url: callbackUrl,
    resources: resourcesOf(options),
  })
}

function resourcesOf({ cpu, memory, scratch }: JobWishes): JobOptions['resources'] {
  const needs = given({ cpu, memory_bytes: memory, scratch_bytes: scratch })
  return Object.keys(needs).length === 0 ? undefined : needs
}

function given(all: Readonly<Record<string, unknown>>): Record<string, never> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, never>
}
