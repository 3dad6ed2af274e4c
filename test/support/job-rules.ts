import type { JobRules } from '../../src/engine/job-manager.ts'
import { DEFAULT_RETRY_POLICY } from '../../src/job/retry-policy.ts'

/** Rules that allow what most tests do. */
export const JOB_RULES: JobRules = {
  processor: { name: 'test', version: '1.0.0' },
  checkParameters: () => {},
  checkCallbackUrl: () => {},
  maxAttempts: 3,
  timeoutMs: 60_000,
  retry: DEFAULT_RETRY_POLICY,
  maxQueued: 1_000,
}
