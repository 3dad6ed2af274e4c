const JOB_ID = '019a8b1e-5a2c-7c41-9d0f-3b6f2f1c8e77'
const FILE_ID = '019a8b1e-5a2c-7c41-9d0f-40a1b2c3d4e5'
const UPLOAD_ID = '2f1c6c1e-8a57-4a53-9b1d-0c7b5a4e9f10'
const SHA256 = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
const AT = '2026-03-01T12:00:00.000Z'
const LATER = '2026-03-01T14:00:00.000Z'
const URI = `s3://longshore/datasets/${JOB_ID}/hello.txt`
const OUTPUT = `longshore/results/${JOB_ID}/responses_00000.jsonl`
const LINKS = ['events', 'files', 'outputs', 'logs', 'webhooks', 'cancel', 'retry'].map((name) => [
  name,
  `/jobs/${JOB_ID}/${name}`,
])
const LENGTHS = { p50_seconds: 2.1, p95_seconds: 7.4 }
const SUMS = { completed: 60, failed: 1, cancelled: 0, retried: 2, ran: LENGTHS, waited: LENGTHS }
const INGEST_FILE = {
  file_id: FILE_ID,
  filename: 'hello.txt',
  s3_key: `datasets/${JOB_ID}/hello.txt`,
  upload_id: UPLOAD_ID,
  part_size_bytes: 5_242_880,
}
const PART_URL = {
  part_number: 1,
  url: `http://127.0.0.1:8000/objects/longshore/datasets/${JOB_ID}/hello.txt?expires=…&signature=…`,
}
const SCHEDULED = { manifest_uri: 's3://longshore/nightly.jsonl', labels: { kind: 'report' } }
const POLICIES = { misfire: 'once', catch_up_limit: 10, grace_seconds: 60, overlap: 'skip' }
const SCHEDULE = { cron: '30 2 * * mon-fri', timezone: 'Europe/Berlin', ...POLICIES, job: SCHEDULED }

/** What each schema of the description looks like in use; without one, a page makes nonsense up. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  SubmitJob: { manifest_inline: { files: ['s3://longshore/hello.txt'] }, labels: { run: '42' } },
  ReadToken: { job_id: JOB_ID, token: 'lst_tb0vpc.…', expires_at: LATER },
  Caller: { name: 'acme-ci', tenant: 'acme', scopes: ['submit', 'read'], expires_at: null },
  SubmittedJob: { job_id: JOB_ID, status: 'queued', created_at: AT },
  Job: {
    job_id: JOB_ID,
    status: 'completed',
    created_at: AT,
    started_at: AT,
    completed_at: AT,
    error: null,
    result: { digests: { 'hello.txt': SHA256 } },
    progress: { stage: 'completed', percent: 100 },
    updated_at: AT,
    run_at: AT,
    cancel_requested_at: null,
    attempt: 1,
    max_attempts: 3,
    timeout_seconds: 3600,
    priority: 0,
    group: null,
    tenant: null,
    schedule: null,
    labels: { run: '42' },
    callback_url: null,
    parameters: null,
    processor: { name: 'digests', version: '1.0.0' },
    files: { total: 1, done: 1, failed: 0, bytes: 6 },
    errors: [],
    worker: null,
    eta_seconds: null,
    queue_position: null,
    links: { self: `/jobs/${JOB_ID}`, ...Object.fromEntries(LINKS) },
  },
  Delivery: {
    delivery_id: `${JOB_ID}-7`,
    type: 'job.completed',
    url: 'https://app.example.org/hooks/longshore',
    status: 'delivered',
    created_at: AT,
    next_at: null,
    expires_at: '2026-03-02T12:00:00.000Z',
    attempt: 1,
    attempts: [{ at: AT, duration_ms: 85, http_status: 204, error: null }],
  },
  CancelJobs: { status: 'queued', label: 'run=42' },
  RetryJobs: { status: 'failed', created_after: AT },
  BulkAnswer: { matched: 4312, changed: 4311, next: null },
  Worker: {
    name: 'machine-42',
    role: 'all',
    started_at: AT,
    seen_at: LATER,
    slots: 3,
    busy: 1,
    jobs: [{ job_id: JOB_ID, attempt: 1, started_at: LATER, stage: 'processing', percent: 40 }],
  },
  Stats: {
    at: LATER,
    states: { queued: 12, processing: 3, completed: 4300, failed: 7, cancelled: 2 },
    oldest_due_at: LATER,
    queue_age_seconds: 1.5,
    slice_seconds: 60,
    slices: [{ at: AT, ...SUMS }],
    whole: SUMS,
  },
  JobChange: {
    job_id: JOB_ID,
    status: 'processing',
    at: LATER,
    started_at: AT,
    completed_at: null,
    cancel_requested_at: null,
    attempt: 1,
    worker: 'machine-42',
    stage: 'processing',
    percent: 40,
    message: 'hello.txt',
    error: null,
  },
  JobFile: { index: 0, uri: URI, status: 'done', size_bytes: 6, etag: '"363a3020-6"', sha256: SHA256, error: null },
  JobOutput: {
    uri: `s3://${OUTPUT}`,
    size_bytes: 1024,
    sha256: SHA256,
    media_type: 'application/x-ndjson',
    url: `http://127.0.0.1:8000/objects/${OUTPUT}?expires=…&signature=…`,
    expires_at: LATER,
  },
  LogLine: { attempt: 1, at: AT, level: 'info', message: 'read hello.txt', fields: { bytes: 6 } },
  JobEvent: { job_id: JOB_ID, type: 'job.completed', status: 'completed', at: AT },
  ScheduledJob: SCHEDULED,
  CreateSchedule: { name: 'nightly', ...SCHEDULE },
  PutSchedule: SCHEDULE,
  Schedule: {
    name: 'nightly',
    tenant: null,
    ...SCHEDULE,
    created_at: AT,
    updated_at: AT,
    paused_at: null,
    next_ticks: ['2026-03-03T01:30:00.000Z', '2026-03-04T01:30:00.000Z', '2026-03-05T01:30:00.000Z'],
    last_fire: {
      tick: '2026-03-02T01:30:00.000Z',
      at: '2026-03-02T01:30:00.012Z',
      job_id: JOB_ID,
      status: 'completed',
    },
    last_skip: null,
    counts: { fired: 1, missed: 0, skipped: 0 },
    links: { self: '/schedules/nightly', jobs: '/jobs?schedule=nightly' },
  },
  StartIngest: { files: [{ filename: 'hello.txt', size_bytes: 6 }], labels: { run: '42' } },
  StartedIngest: { job_id: JOB_ID, files: [{ ...INGEST_FILE, part_urls: [PART_URL] }], expires_at: LATER },
  CompleteFile: {
    job_id: JOB_ID,
    file_id: FILE_ID,
    upload_id: UPLOAD_ID,
    parts: [{ PartNumber: 1, ETag: '"363a3020-6"' }],
  },
  CompletedFile: {
    file_id: FILE_ID,
    s3_key: INGEST_FILE.s3_key,
    etag: '"6-18a2f0c3b1e5d000-2a1f"',
    status: 'completed',
  },
  IngestState: {
    job_id: JOB_ID,
    status: 'open',
    created_at: AT,
    expires_at: LATER,
    files: [
      {
        ...INGEST_FILE,
        size_bytes: 6,
        sha256: null,
        status: 'open',
        etag: null,
        parts: [{ part_number: 1, size_bytes: 6, etag: '"363a3020-6"' }],
      },
    ],
  },
  RenewedParts: { part_urls: [PART_URL], expires_at: LATER },
  Problem: {
    type: 'urn:longshore:error:JOB_NOT_FOUND',
    title: 'There is no such job',
    status: 404,
    detail: `There is no job ${JOB_ID}.`,
    code: 'JOB_NOT_FOUND',
    retryable: false,
    request_id: 'FYh-DIug-4',
  },
  Health: { status: 'healthy', name: 'digests', version: '1.0.0' },
  Readiness: { status: 'not_ready', reasons: ['The service is stopping.'] },
}
