import type { JobOptions } from '@longshore/client'
import type { SubmitOptions } from './submit-options.ts'

/** What the options say of the job itself, as the wire names it. */
export function jobOptionsOf({
  label,
  priority,
  group,
  delay,
  maxAttempts,
  timeout,
  callbackUrl,
}: SubmitOptions): JobOptions {
  const all = {
    labels: label === undefined ? undefined : Object.fromEntries(label),
    priority,
    group,
    delay_seconds: delay,
    max_attempts: maxAttempts,
    timeout_seconds: timeout,
    callback_url: callbackUrl,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
