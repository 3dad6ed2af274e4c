import type { JobOptions } from '@longshore/client'
import type { SubmitOptions } from './submit-options.ts'

/** What the options say of the job itself, as the wire names it. */
export function jobOptionsOf(options: SubmitOptions): JobOptions {
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

function resourcesOf({ cpu, memory, scratch }: SubmitOptions): JobOptions['resources'] {
  const needs = given({ cpu, memory_bytes: memory, scratch_bytes: scratch })
  return Object.keys(needs).length === 0 ? undefined : needs
}

function given(all: Readonly<Record<string, unknown>>): Record<string, never> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, never>
}
