/** How a check came out; `off` is what a setting would turn on. Only `failed` keeps a service from working. */
export type Verdict = 'ok' | 'off' | 'warning' | 'failed'

/** What one check found. */
export interface Finding {
  /** What was looked at. */
  readonly check: string
  readonly verdict: Verdict
  /** What is so. */
  readonly message: string
  /** What to do about it; undefined when all is well. */
  readonly todo?: string
}

/** The findings of one check, by how they came out. */
export function findingsOf(check: string) {
  return {
    ok: (message: string): Finding => ({ check, verdict: 'ok', message }),
    off: (message: string, todo: string): Finding => ({ check, verdict: 'off', message, todo }),
    warning: (message: string, todo: string): Finding => ({ check, verdict: 'warning', message, todo }),
    failed: (message: string, todo: string): Finding => ({ check, verdict: 'failed', message, todo }),
  }
}
