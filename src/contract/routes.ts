/** What a key may be allowed to do. Each stands for itself: who operates need not read. */
export const SCOPES = ['submit', 'read', 'operate'] as const

/** One thing a key may be allowed to do. */
export type Scope = (typeof SCOPES)[number]

/** Who may call a route. */
export type Access = 'open' | 'signed' | 'known' | Scope

/** One route of the service. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path parameters as `:name`, the rest of the path as `*`. */
  path: string
  /** `open` to anyone, with a `signed` URL, or where keys are set: to a `known` key, or to one that has this scope. */
  access: Access
  /** Also open to the read token of the job that the path names. */
  takesToken?: true
  /** Whoever watches over the service must not be locked out: never refused for coming too often or at a busy time. */
  alwaysAnswered?: true
  summary: string
}

/** Every route of the service, once. */
export const ROUTES = {
  submitJob: { method: 'POST', path: '/jobs', access: 'submit', summary: 'Submit a job by manifest' },
  listJobs: { method: 'GET', path: '/jobs', access: 'read', summary: 'List jobs, newest first' },
  getJob: {
    method: 'GET',
    path: '/jobs/:job_id',
    access: 'read',
    takesToken: true,
    summary: 'Read a job, or wait for it to change',
  },
  deleteJob: {
    method: 'DELETE',
    path: '/jobs/:job_id',
    access: 'operate',
    summary: 'Forget an ended job with its outputs',
  },
  jobEvents: {
    method: 'GET',
    path: '/jobs/:job_id/events',
    access: 'read',
    takesToken: true,
    summary: 'Follow a job by server-sent events',
  },
  jobFiles: {
    method: 'GET',
    path: '/jobs/:job_id/files',
    access: 'read',
    takesToken: true,
    summary: 'Read the per-file ledger',
  },
  jobOutputs: {
    method: 'GET',
    path: '/jobs/:job_id/outputs',
    access: 'read',
    takesToken: true,
    summary: 'List outputs with download URLs',
  },
  jobLogs: {
    method: 'GET',
    path: '/jobs/:job_id/logs',
    access: 'read',
    takesToken: true,
    summary: 'Read the log lines of a job',
  },
  cancelJob: { method: 'POST', path: '/jobs/:job_id/cancel', access: 'operate', summary: 'Ask a job to stop' },
  retryJob: {
    method: 'POST',
    path: '/jobs/:job_id/retry',
    access: 'operate',
    summary: 'Queue a failed or cancelled job again',
  },

  jobWebhooks: {
    method: 'GET',
    path: '/jobs/:job_id/webhooks',
    access: 'read',
    summary: 'List what was told of the end of a job',
  },
  resendWebhook: {
    method: 'POST',
    path: '/jobs/:job_id/webhooks/:delivery_id/resend',
    access: 'operate',
    summary: 'Tell a receiver once more',
  },
  createSchedule: { method: 'POST', path: '/schedules', access: 'operate', summary: 'Create a schedule' },
  listSchedules: { method: 'GET', path: '/schedules', access: 'read', summary: 'List schedules by name' },
  getSchedule: {
    method: 'GET',
    path: '/schedules/:name',
    access: 'read',
    summary: 'Read a schedule, what it did last and its next ticks',
  },
  putSchedule: { method: 'PUT', path: '/schedules/:name', access: 'operate', summary: 'Create or replace a schedule' },
  deleteSchedule: {
    method: 'DELETE',
    path: '/schedules/:name',
    access: 'operate',
    summary: 'Forget a schedule; its jobs stay',
  },
  pauseSchedule: { method: 'POST', path: '/schedules/:name/pause', access: 'operate', summary: 'Let ticks pass by' },
  resumeSchedule: {
    method: 'POST',
    path: '/schedules/:name/resume',
    access: 'operate',
    summary: 'Fire again, from the next tick on',
  },
  runSchedule: { method: 'POST', path: '/schedules/:name/run', access: 'operate', summary: 'Fire a schedule now' },

  createToken: {
    method: 'POST',
    path: '/jobs/:job_id/tokens',
    access: 'read',
    summary: 'Make a token by which a browser reads this job',
  },
  cancelJobs: { method: 'POST', path: '/jobs/cancel', access: 'operate', summary: 'Ask every job of a filter to stop' },
  retryJobs: {
    method: 'POST',
    path: '/jobs/retry',
    access: 'operate',
    summary: 'Queue every failed or cancelled job of a filter again',
  },
  allEvents: { method: 'GET', path: '/events', access: 'read', summary: 'Follow all jobs by server-sent events' },

  startIngest: { method: 'POST', path: '/ingest/start', access: 'submit', summary: 'Open an upload session' },
  completeFile: {
    method: 'POST',
    path: '/ingest/complete',
    access: 'submit',
    summary: 'Complete a file; the last one queues the job',
  },
  uploadForm: {
    method: 'POST',
    path: '/ingest/upload',
    access: 'submit',
    summary: 'Upload files and submit in one form',
  },
  getIngest: { method: 'GET', path: '/ingest/:job_id', access: 'submit', summary: 'Read what was received, to resume' },
  renewParts: {
    method: 'POST',
    path: '/ingest/:job_id/files/:file_id/parts',
    access: 'submit',
    summary: 'Get fresh part URLs',
  },
  abortIngest: { method: 'POST', path: '/ingest/:job_id/abort', access: 'submit', summary: 'Drop an upload session' },

  getObject: { method: 'GET', path: '/objects/:bucket/*', access: 'signed', summary: 'Download from the local store' },
  putPart: { method: 'PUT', path: '/objects/:bucket/*', access: 'signed', summary: 'Upload a part to the local store' },

  root: { method: 'GET', path: '/', access: 'open', alwaysAnswered: true, summary: 'Name and version of the service' },
  health: {
    method: 'GET',
    path: '/health',
    access: 'open',
    alwaysAnswered: true,
    summary: 'Name and version of the service',
  },
  whoami: { method: 'GET', path: '/whoami', access: 'known', summary: 'What the key of the request may do' },
  alive: { method: 'GET', path: '/healthz', access: 'open', alwaysAnswered: true, summary: 'The process is alive' },
  ready: { method: 'GET', path: '/readyz', access: 'open', alwaysAnswered: true, summary: 'The service takes work' },
  metrics: {
    method: 'GET',
    path: '/metrics',
    access: 'read',
    alwaysAnswered: true,
    summary: 'What the service measures, for Prometheus',
  },
  stats: { method: 'GET', path: '/stats', access: 'read', summary: 'What waits, runs and ended, over time' },
  workers: { method: 'GET', path: '/workers', access: 'read', summary: 'Who runs jobs, and which' },
  dashboard: { method: 'GET', path: '/dashboard', access: 'open', summary: 'What the service does, for people' },
  dashboardPages: { method: 'GET', path: '/dashboard/*', access: 'open', summary: 'Its views, and the files it loads' },
  openapi: { method: 'GET', path: '/openapi.json', access: 'open', summary: 'This description, OpenAPI 3.1' },
  docs: { method: 'GET', path: '/docs', access: 'open', summary: 'This description, for people' },
  docsPages: {
    method: 'GET',
    path: '/docs/*',
    access: 'open',
    summary: 'Its files, and this description as JSON and YAML',
  },
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof ROUTES
