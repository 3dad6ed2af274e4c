import { readFileSync } from 'node:fs'
import { parse as parseDotenv } from 'dotenv'
import { z } from 'zod'
import { LongshoreError, messageOf, systemCodeOf } from './base/errors.ts'
import { isBucketName } from './storage/object-uri.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

/** A setting as text: what it must be (for the error), how it is read, what it is without being set, what it means. */
interface Setting<Value> {
  schema: z.ZodType<Value, string>
  expected: string
  fallback: string
  meaning: string
}

function integer(from: number, to: number, fallback: number, meaning: string): Setting<number> {
  const schema = z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(z.number().int().min(from).max(to))
  return { schema, expected: `an integer from ${from} to ${to}`, fallback: String(fallback), meaning }
}

function text(pattern: RegExp, expected: string, fallback: string, meaning: string): Setting<string> {
  return { schema: z.string().regex(pattern), expected, fallback, meaning }
}

function oneOf<const Word extends string>(
  words: readonly [Word, ...Word[]],
  fallback: Word | '',
  meaning: string,
): Setting<Word> {
  return { schema: z.enum(words), expected: words.map((word) => `"${word}"`).join(' or '), fallback, meaning }
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
}

function flag(fallback: boolean, meaning: string): Setting<boolean> {
  const schema = z
    .string()
    .toLowerCase()
    .refine((word) => word in FLAG_WORDS)
    .transform((word) => FLAG_WORDS[word] === true)
  return { schema, expected: '"true" or "false"', fallback: String(fallback), meaning }
}

function list(accepts: (item: string) => boolean, expected: string, meaning: string): Setting<readonly string[]> {
  const schema = z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .refine((items) => items.every(accepts))
  return { schema, expected, fallback: '', meaning }
}

const isEndpoint = (value: string): boolean => /^[\w.-]+(:\d+)?$/.test(value) || isUrl(value)
const isUrl = (value: string): boolean =>
  value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))

function url(meaning: string): Setting<string> {
  return { schema: z.string().refine(isUrl), expected: 'an http:// or https:// URL', fallback: '', meaning }
}

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
  API_KEYS: list(
    (key) => /^[\x21-\x7e]{16,}$/.test(key),
    'a comma-separated list of keys of at least 16 printable characters',
    'Keys that clients send as `Authorization: Bearer …`.',
  ),
  AUTH: oneOf(['keys', 'none'], 'keys', '`none` lets anyone in, wherever the service listens.'),
  LOG_LEVEL: oneOf(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'Least level that is logged.',
  ),

  DATA_DIR: text(
    /^[^\0]+$/,
    'a folder',
    './data',
    'Folder of the embedded engine, the local store and the work directories.',
  ),
  S3_ENDPOINT_URL: {
    schema: z.string().refine(isEndpoint),
    expected: 'an http:// or https:// URL or a host:port',
    fallback: '',
    meaning: 'Endpoint of an S3-compatible store. Without it, but with `S3_BUCKET`, a key or a region set, AWS itself.',
  },
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
    'How long a processor may take to stop after its signal aborted, before the service stops without it.',
  ),
  RETENTION_DAYS: integer(
    0,
    36_500,
    14,
    'How long ended jobs, with their outputs and uploads, are kept; 0 keeps them for ever.',
  ),
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
  MAX_QUEUED_JOBS: integer(1, 100_000_000, 1_000_000, 'Jobs that wait at once; beyond it submits answer 429.'),
  MAX_LOG_LINES: integer(0, 1_000_000, 1000, 'Log lines kept with a job, the newest.'),
  REQUEST_TIMEOUT_SECONDS: integer(
    1,
    3600,
    30,
    'How long headers or a JSON body may take to arrive, and how long an upload may stand still.',
  ),
  RATE_LIMIT_PER_MINUTE: integer(0, 100_000_000, 0, 'Requests a minute from one address; 0 sets no limit.'),
} as const satisfies Record<string, Setting<unknown>>

type SettingName = keyof typeof SETTINGS
type SettingValues = { [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer Value> ? Value : never }

/** How the objects are kept. */
type StorageConfig =
  | { kind: 'local'; folder: string }
  | {
      kind: 's3'
      /** Undefined means AWS. */
      endpoint: string | undefined
      region: string
      forcePathStyle: boolean
      /** Undefined means the SDK's own search. */
      credentials: { accessKeyId: string; secretAccessKey: string } | undefined
    }

/** The whole configuration: durations in ms, sizes in bytes. */
export type Config = Readonly<ReturnType<typeof arrange>>

/**
 * Reads the configuration from settings by name, e.g. an environment. Throws `CONFIG_INVALID` with all faults at once.
 */
export function parseConfig(settings: Readonly<Record<string, string | undefined>>): Config {
  const faults: { pointer: string; message: string }[] = []
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, readSetting(name, setting, settings[name], faults)]),
  ) as SettingValues
  const faulty = new Set(faults.map(({ pointer }) => pointer.slice(1)))
  faults.push(...crossCheck(values, faulty))
  if (faults.length > 0) {
    const lines = faults.map((fault) => `  ${fault.message}`).join('\n')
    throw new LongshoreError('CONFIG_INVALID', `The configuration is not valid:\n${lines}`, { errors: faults })
  }
  const usesS3 = Object.keys(settings).some((name) => S3_MARKERS.has(name) && settings[name])
  return deepFreeze(arrange(values, usesS3))
}

/** Reads the configuration from the environment and, for what it does not set, from the file `.env` in the current folder. */
export function loadConfig(overrides: Readonly<Record<string, string | undefined>> = {}): Config {
  return parseConfig({ ...readDotenv('.env'), ...process.env, ...overrides })
}

/** Settings that say an S3 store is meant; key prefixes and further buckets mean the same on the local store. */
const S3_MARKERS: ReadonlySet<string> = new Set([
  'S3_ENDPOINT_URL',
  'S3_BUCKET',
  'S3_ACCESS_KEY',
  'S3_SECRET_KEY',
  'S3_REGION',
])

function readDotenv(path: string): Record<string, string> {
  try {
    return parseDotenv(readFileSync(path))
  } catch (failure) {
    if (systemCodeOf(failure) === 'ENOENT') return {}
    throw new LongshoreError('CONFIG_INVALID', `The file ${path} cannot be read: ${messageOf(failure)}.`, {
      cause: failure,
    })
  }
}

function readSetting(
  name: string,
  setting: Setting<unknown>,
  given: string | undefined,
  faults: { pointer: string; message: string }[],
): unknown {
  const value = given === undefined || given === '' ? setting.fallback : given
  if (value === '' && setting.fallback === '') return setting.schema.safeParse('').data ?? ''
  const parsed = setting.schema.safeParse(value)
  if (parsed.success) return parsed.data
  const shown = SECRET_NAME.test(name) ? 'something else' : JSON.stringify(value)
  faults.push({ pointer: `/${name}`, message: `Expected ${name} to be ${setting.expected}, got ${shown}.` })
  return undefined
}

const SECRET_NAME = /KEY|SECRET/

/** What settings must be to each other; those that are faulty already have no value to go by. */
function crossCheck(values: SettingValues, faulty: ReadonlySet<string>): { pointer: string; message: string }[] {
  const faults: { pointer: string; message: string }[] = []
  const expect = (holds: () => boolean, names: readonly [SettingName, ...SettingName[]], message: string): void => {
    if (names.some((name) => faulty.has(name)) || holds()) return
    faults.push({ pointer: `/${names[0]}`, message })
  }
  expect(
    () => isLoopback(values.HOST) || values.API_KEYS.length > 0 || values.AUTH === 'none',
    ['HOST', 'API_KEYS', 'AUTH'],
    `Expected API_KEYS to be set, because HOST=${values.HOST} can be reached from other machines. ` +
      'Set API_KEYS to one or more keys (for instance the output of `openssl rand -hex 24`), or AUTH=none to let anyone in.',
  )
  expect(
    () => (values.S3_ACCESS_KEY === '') === (values.S3_SECRET_KEY === ''),
    ['S3_SECRET_KEY', 'S3_ACCESS_KEY'],
    'Expected S3_ACCESS_KEY and S3_SECRET_KEY to be set together, or neither.',
  )
  expect(
    () => values.RETRY_BASE_SECONDS <= values.RETRY_CAP_SECONDS,
    ['RETRY_CAP_SECONDS', 'RETRY_BASE_SECONDS'],
    'Expected RETRY_CAP_SECONDS to be at least RETRY_BASE_SECONDS.',
  )
  return faults
}

/** Whether only this machine can reach the address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

function arrange(values: SettingValues, usesS3: boolean) {
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL === '' ? undefined : values.PUBLIC_URL.replace(/\/+$/, ''),
    trustProxy: values.TRUST_PROXY,
    apiKeys: values.AUTH === 'none' ? [] : values.API_KEYS,
    logLevel: values.LOG_LEVEL,
    dataDir: values.DATA_DIR,
    storage: arrangeStorage(values, usesS3),
    bucket: values.S3_BUCKET,
    readableBuckets: [...new Set([values.S3_BUCKET, ...values.S3_ALLOWED_BUCKETS])],
    datasetsPrefix: values.S3_DATASETS_PREFIX,
    resultsPrefix: values.S3_RESULTS_PREFIX,
    partSizeBytes: values.MULTIPART_PART_SIZE_MB * MIB,
    partUrlTtlMs: values.MULTIPART_URL_TTL_SECONDS * 1000,
    downloadUrlTtlMs: values.DOWNLOAD_URL_TTL_SECONDS * 1000,
    signingSecret: values.SIGNING_SECRET === '' ? undefined : values.SIGNING_SECRET,
    maxConcurrentJobs: values.MAX_CONCURRENT_JOBS,
    groupConcurrency: values.GROUP_CONCURRENCY === 0 ? undefined : values.GROUP_CONCURRENCY,
    jobTimeoutMs: values.JOB_TIMEOUT_SECONDS * 1000,
    maxAttempts: values.MAX_ATTEMPTS,
    retry: { baseMs: values.RETRY_BASE_SECONDS * 1000, capMs: values.RETRY_CAP_SECONDS * 1000 },
    leaseMs: values.LEASE_SECONDS * 1000,
    shutdownGraceMs: values.SHUTDOWN_GRACE_SECONDS * 1000,
    abortGraceMs: values.ABORT_GRACE_SECONDS * 1000,
    retentionMs: values.RETENTION_DAYS === 0 ? undefined : values.RETENTION_DAYS * 86_400_000,
    downloadConcurrency: values.DOWNLOAD_CONCURRENCY,
    shardSizeBytes: values.ARTIFACT_SHARD_SIZE_MB * MIB,
    chunkSizeBytes: values.RESPONSES_CHUNK_SIZE_MB * MIB,
    limits: {
      bodyBytes: values.MAX_BODY_MB * MIB,
      jsonDepth: values.MAX_JSON_DEPTH,
      filesPerJob: values.MAX_FILES_PER_JOB,
      filesPerIngest: values.MAX_FILES_PER_INGEST,
      fileBytes: values.MAX_FILE_SIZE_GB * GIB,
      jobBytes: values.MAX_JOB_SIZE_GB * GIB,
      openIngests: values.MAX_OPEN_INGESTS,
      queuedJobs: values.MAX_QUEUED_JOBS,
      logLines: values.MAX_LOG_LINES,
      requestTimeoutMs: values.REQUEST_TIMEOUT_SECONDS * 1000,
      requestsPerMinute: values.RATE_LIMIT_PER_MINUTE,
    },
  }
}

function arrangeStorage(values: SettingValues, usesS3: boolean): StorageConfig {
  if (!usesS3) return { kind: 'local', folder: `${values.DATA_DIR}/objects` }
  return {
    kind: 's3',
    endpoint: arrangeEndpoint(values.S3_ENDPOINT_URL, values.S3_USE_SSL),
    region: values.S3_REGION,
    forcePathStyle: values.S3_ENDPOINT_URL !== '' && values.S3_FORCE_PATH_STYLE,
    credentials:
      values.S3_ACCESS_KEY === ''
        ? undefined
        : { accessKeyId: values.S3_ACCESS_KEY, secretAccessKey: values.S3_SECRET_KEY },
  }
}

function arrangeEndpoint(given: string, useSsl: boolean): string | undefined {
  if (given === '') return undefined
  if (given.includes('://')) return given
  return `${useSsl ? 'https' : 'http'}://${given}`
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
