/** How a check came out. Only `failed` keeps a service from working. */
export type Verdict = 'ok' | 'warning' | 'failed'

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
    warning: (message: string, todo: string): Finding => ({ check, verdict: 'warning', message, todo }),
    failed: (message: string, todo: string): Finding => ({ check, verdict: 'failed', message, todo }),
  }
}
