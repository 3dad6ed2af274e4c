import { z } from 'zod'
import { readEntries } from './access/access-list.ts'
import {
  endpoint,
  entries,
  flag,
  integer,
  list,
  oneOf,
  origins,
  quantity,
  type Setting,
  text,
  url,
  webhookSecrets,
} from './setting.ts'
import { isBucketName } from './storage/object-uri.ts'

/** Every setting of the service, by its name in the environment and in `.env`. The README's table is held equal to this one. */
export const SETTINGS = {
  HOST: text(
    /^[^\s/]+$/,
    'an address or host name',
    '127.0.0.1',
    'Address to listen on. Anything but loopback needs `API_KEYS`, or `AUTH=none`.',
  ),
  PORT: integer(0, 65_535, 8000, 'Port to listen on; 0 takes a free one.'),
  PUBLIC_URL: url(
    'Address under which clients reach the service, for the URLs it hands out. Without it, the address of each request.',
  ),
  TRUST_PROXY: flag(false, 'Believe `X-Forwarded-*`: set it behind a reverse proxy only.'),
  API_KEYS: entries(
    readEntries,
    'a comma-separated list of keys of at least 16 printable characters, or of their hashes like sha256:<64 hex digits>, ' +
      'which may go on with ;scopes=submit+read;tenant=<name>;name=<name>;expires=<date>, and of limits like tenant:<name>;max_queued_jobs=100',
    'Keys that clients send as `Authorization: Bearer …`, or their hashes with scopes, tenant, name and end, see docs/secure.md. `longshore keys create` makes both. What `API_KEYS_FILE` names is read again whenever it changes.',
  ),
  AUTH: oneOf(['keys', 'none'], 'keys', '`none` lets anyone in, wherever the service listens.'),
  CORS_ORIGINS: origins(
    'Origins whose web pages may use the service from a browser; `*` lets all. Without it, only its own pages may.',
  ),
  TENANT_MAX_QUEUED_JOBS: integer(0, 100_000_000, 0, 'Jobs of one tenant that wait at once; 0 sets no limit.'),
  TENANT_MAX_OPEN_INGESTS: integer(0, 1_000_000, 0, 'Upload sessions of one tenant open at once; 0 sets no limit.'),
  TENANT_MAX_SCHEDULES: integer(0, 100_000, 100, 'Schedules of one tenant kept at once; 0 sets no limit.'),
  TENANT_CONCURRENCY: integer(
    0,
    100_000,
    0,
    'Jobs of one tenant that run at once, on all replicas together; 0 sets no limit.',
  ),
  TENANT_RATE_LIMIT_PER_MINUTE: integer(
    0,
    100_000_000,
    0,
    'Requests a minute by the keys of one tenant, to each replica; 0 sets no limit.',
  ),
  LOG_LEVEL: oneOf(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'Least level that is logged.',
  ),
  METRICS: flag(true, 'Measure the service, and serve the metrics at `/metrics`.'),
  DASHBOARD: flag(true, 'Serve the dashboard at `/dashboard`.'),

  ROLE: oneOf(
    ['all', 'api', 'worker'],
    'all',
    '`api` takes requests and runs no jobs, `worker` runs jobs and answers only for its own health; both need `DATABASE_URL`.',
  ),
  DATABASE_URL: text(
    /^(postgres(ql)?:\/\/\S+)?$/,
    'a postgres:// URL',
    '',
    'PostgreSQL database that any number of replicas share. Without it, the embedded engine keeps the jobs of one process in `DATA_DIR`.',
  ),
  DATABASE_LISTEN_URL: text(
    /^(postgres(ql)?:\/\/\S+)?$/,
    'a postgres:// URL',
    '',
    'The same database without a pooler between, for the two to four connections that listen. Needed only when `DATABASE_URL` leads to a pooler in transaction mode.',
  ),
  DATABASE_SCHEMA: text(
    /^[a-z_][a-z0-9_]{0,40}$/,
    'a lower-case name of letters, digits and _',
    'longshore',
    'Schema of the tables; services with schemas of their own share a database.',
  ),
  DATABASE_WORKER_SCHEMA: text(
    /^[a-z_][a-z0-9_]{0,40}$/,
    'a lower-case name of letters, digits and _',
    'graphile_worker',
    "Schema of Graphile Worker's tables, by which idle workers are woken.",
  ),
  DATABASE_POOL_SIZE: integer(2, 1000, 10, 'Connections of a replica at most, beside the two to four that listen.'),
  MIGRATE_ON_START: flag(
    true,
    'Bring the database schema up to date at the start. Else run `longshore migrate` before.',
  ),

  DATA_DIR: text(
    /^[^\0]+$/,
    'a folder',
    './data',
    'Folder of the embedded engine, the local store and the work directories.',
  ),
  OBJECTS_DIR: text(
    /^[^\0]*$/,
    'a folder',
    '',
    'Folder of the local store, when replicas are to share one; needs `SIGNING_SECRET`. Without it, `DATA_DIR/objects`.',
  ),
  S3_ENDPOINT_URL: endpoint(
    'Endpoint of an S3-compatible store. Without it, but with `S3_BUCKET`, a key or a region set, AWS itself.',
  ),
  S3_PUBLIC_ENDPOINT_URL: endpoint(
    'Endpoint under which clients reach that store, for the URLs they are given. Without it, `S3_ENDPOINT_URL`.',
  ),
  S3_BUCKET: {
    schema: z.string().refine(isBucketName),
    expected: 'a bucket name',
    fallback: 'longshore',
    meaning: 'Bucket for uploads and results.',
  },
  S3_ALLOWED_BUCKETS: list(
    isBucketName,
    'a comma-separated list of bucket names',
    'Further buckets that manifests may name; they are only read.',
  ),
  S3_REGION: text(/^[a-z0-9-]+$/, 'a region name', 'us-east-1', 'Region that requests are signed for.'),
  S3_ACCESS_KEY: text(
    /^.*$/,
    'an access key',
    '',
    'Access key. Without it, the SDK looks where it always looks (environment, profile, instance role).',
  ),
  S3_SECRET_KEY: text(/^.*$/, 'a secret key', '', 'Secret key; goes with `S3_ACCESS_KEY`.'),
  S3_USE_SSL: flag(false, 'Speak https to an endpoint whose URL names no scheme of its own.'),
  S3_FORCE_PATH_STYLE: flag(
    true,
    'Put the bucket into the path, as most S3-compatible stores need. Ignored without `S3_ENDPOINT_URL`.',
  ),
  S3_DATASETS_PREFIX: text(
    /^[\w.-]+(\/[\w.-]+)*$/,
    'a key prefix without slashes at its ends',
    'datasets',
    'Where uploads go.',
  ),
  S3_RESULTS_PREFIX: text(
    /^[\w.-]+(\/[\w.-]+)*$/,
    'a key prefix without slashes at its ends',
    'results',
    'Where outputs go.',
  ),

  MULTIPART_PART_SIZE_MB: integer(
    5,
    5120,
    5,
    'Size of an upload part in MiB; larger when a file would need more than 10,000.',
  ),
  MULTIPART_URL_TTL_SECONDS: integer(
    60,
    604_800,
    7200,
    'How long part URLs are valid; an ingest is swept away when they expire.',
  ),
  DOWNLOAD_URL_TTL_SECONDS: integer(1, 604_800, 3600, 'How long download URLs are valid.'),
  SIGNING_SECRET: text(
    /^.{32,}$/,
    'at least 32 characters',
    '',
    "Secret that signs the local store's URLs. Without it, one is made and kept in `DATA_DIR`.",
  ),

  MAX_CONCURRENT_JOBS: integer(1, 1000, 3, 'Jobs that run at once.'),
  GROUP_CONCURRENCY: integer(0, 1000, 0, 'Jobs of one named group that run at once; 0 sets no limit.'),
  WORKER_CPU: quantity(
    100_000,
    'Processors that the jobs running at once may need together. Without it, those this process may use.',
  ),
  WORKER_MEMORY_MB: quantity(
    1_073_741_824,
    'Memory that they may need together, in MiB. Without it, nine tenths of what this process may use.',
  ),
  WORKER_SCRATCH_GB: quantity(
    1_073_741_824,
    'Disk that they may need together below `DATA_DIR`, in GiB. Without it, what is free there at the start.',
  ),
  RESERVE_AFTER_SECONDS: integer(
    0,
    86_400,
    30,
    'How long smaller jobs may run before one that needs more than is free; then the worker keeps room for that one.',
  ),
  JOB_TIMEOUT_SECONDS: integer(1, 2_592_000, 3600, 'How long an attempt may take, unless the job says otherwise.'),
  MAX_ATTEMPTS: integer(1, 100, 3, 'Attempts a job gets, unless it says otherwise.'),
  RETRY_BASE_SECONDS: integer(
    0,
    86_400,
    10,
    'Ceiling of the random delay before the second attempt; doubles with each further one.',
  ),
  RETRY_CAP_SECONDS: integer(0, 604_800, 3600, 'Highest ceiling of that delay.'),
  LEASE_SECONDS: integer(
    5,
    3600,
    30,
    'How long an attempt holds its job without a heartbeat; one is sent every third of it.',
  ),
  SHUTDOWN_GRACE_SECONDS: integer(
    0,
    86_400,
    30,
    'How long a stop waits for running jobs before it hands them back to the queue.',
  ),
  ABORT_GRACE_SECONDS: integer(
    1,
    3600,
    10,
    'How long a processor may take to stop after its signal aborted. Then a thread or process is ended by force; inline, a stop goes on without it.',
  ),
  RETENTION_DAYS: integer(
    0,
    36_500,
    14,
    'How long ended jobs, with their outputs and uploads, are kept; 0 keeps them for ever.',
  ),
  WEBHOOK_SECRET: webhookSecrets(
    'Secret that webhooks are signed with, as Standard Webhooks has it. Without it, none are sent and `callback_url` is refused. Several while it is changed over: each signs.',
  ),
  WEBHOOK_ALLOW_PRIVATE: flag(
    false,
    'Send webhooks to private, loopback and link-local addresses, too. Whoever may submit can then reach them through the service.',
  ),
  WEBHOOK_TIMEOUT_SECONDS: integer(1, 120, 15, 'How long a receiver may take to answer.'),
  WEBHOOK_CONCURRENCY: integer(1, 1000, 64, 'Webhooks that a replica sends at once.'),
  WEBHOOK_HOST_CONCURRENCY: integer(1, 1000, 8, 'Of those to one receiver, so that a slow one does not delay others.'),
  DOWNLOAD_CONCURRENCY: integer(1, 256, 16, 'Input files of one job that are fetched at once.'),
  ARTIFACT_SHARD_SIZE_MB: integer(1, 1_048_576, 256, 'Size at which a WebDataset shard is full, in MiB.'),
  RESPONSES_CHUNK_SIZE_MB: integer(1, 1_048_576, 64, 'Size at which a JSONL object is full, in MiB.'),

  MAX_BODY_MB: integer(1, 1024, 16, 'Longest JSON body and longest manifest, in MiB.'),
  MAX_JSON_DEPTH: integer(4, 1000, 64, 'Deepest nesting of a JSON body.'),
  MAX_FILES_PER_JOB: integer(1, 1_000_000, 100_000, 'Files of one manifest.'),
  MAX_FILES_PER_INGEST: integer(1, 100_000, 1000, 'Files of one upload session.'),
  MAX_FILE_SIZE_GB: integer(1, 5120, 5120, 'Largest input file, in GiB.'),
  MAX_JOB_SIZE_GB: integer(1, 1_048_576, 10_240, 'All input files of one job together, in GiB.'),
  MAX_OPEN_INGESTS: integer(1, 1_000_000, 1000, 'Upload sessions open at once.'),
  MAX_SCHEDULES: integer(0, 100_000, 1000, 'Schedules kept at once, of all tenants together.'),
  MIN_SCHEDULE_INTERVAL_SECONDS: integer(1, 86_400, 60, 'Least time between two ticks of a schedule.'),
  MAX_QUEUED_JOBS: integer(1, 100_000_000, 1_000_000, 'Jobs that wait at once; beyond it submits answer 429.'),
  MAX_LOG_LINES: integer(0, 1_000_000, 1000, 'Log lines kept with a job, the newest.'),
  REQUEST_TIMEOUT_SECONDS: integer(
    1,
    3600,
    30,
    'How long headers or a JSON body may take to arrive, and how long an upload may stand still.',
  ),
  RATE_LIMIT_PER_MINUTE: integer(0, 100_000_000, 0, 'Requests a minute from one address; 0 sets no limit.'),
  KEY_RATE_LIMIT_PER_MINUTE: integer(
    0,
    100_000_000,
    0,
    'Requests a minute with one key, to each replica; 0 sets no limit.',
  ),
  MAX_LOOP_DELAY_MS: integer(
    0,
    60_000,
    500,
    'Longest that a flood of requests may hold up the event loop, in ms; beyond it requests answer 503. 0 takes all.',
  ),
} as const satisfies Record<string, Setting<unknown>>

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS
/** Every setting as it was read. */
export type SettingValues = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer Value> ? Value : never
}

/** Whether nobody but the service may know a setting: it is never repeated, and `<name>_FILE` may name a file that holds it. */
export function isSecret(name: string): boolean {
  return /(^|_)(KEYS?|SECRETS?)$|^DATABASE_(LISTEN_)?URL$/.test(name)
}
