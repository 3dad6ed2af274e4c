/** The job of the answers that tests make up. */
export const JOB_ID = '018f4c1e-0000-7000-8000-000000000001'

const AT = '2026-01-01T00:00:00.000Z'

/** A job as the service answers it. */
export function jobBody(status: string, changes: Record<string, unknown> = {}) {
  return {
    job_id: JOB_ID,
    status,
    created_at: AT,
    started_at: null,
    completed_at: null,
    error: null,
    result: null,
    progress: null,
    updated_at: AT,
    run_at: AT,
    cancel_requested_at: null,
    attempt: 0,
    max_attempts: 3,
    timeout_seconds: 60,
    priority: 0,
    group: null,
    tenant: null,
    schedule: null,
    labels: {},
    callback_url: null,
    parameters: null,
    processor: { name: 'digests', version: '1.0.0' },
    files: { total: 1, done: 0, failed: 0, bytes: 0 },
    errors: [],
    worker: null,
    eta_seconds: null,
    queue_position: null,
    resources: null,
    waits_for: null,
    links: { self: '', events: '', files: '', outputs: '', logs: '', webhooks: '', cancel: '', retry: '' },
    ...changes,
  }
}
