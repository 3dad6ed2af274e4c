import { readFileSync } from 'node:fs'
import { parse as parseDotenv } from 'dotenv'
import { limitOf } from './access/tenant-limits.ts'
import { LongshoreError, messageOf, systemCodeOf } from './base/errors.ts'
import type { Setting } from './setting.ts'
import { asText, type GivenSettings, layered, readSecretFiles, type Settings } from './setting-layers.ts'
import { isSecret, SETTINGS, type SettingName, type SettingValues } from './settings.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

/** How the objects are kept. */
type StorageConfig =
  | { kind: 'local'; folder: string; shared: boolean }
  | {
      kind: 's3'
      /** Undefined means AWS. */
      endpoint: string | undefined
      /** Where clients reach it, when that is elsewhere. */
      publicEndpoint: string | undefined
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
export function parseConfig(given: GivenSettings): Config {
  const { settings, faults } = readSecretFiles(asText(given))
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, readSetting(name, setting, settings[name], faults)]),
  ) as SettingValues
  const faulty = new Set(faults.map(({ pointer }) => pointer.slice(1).replace(/_FILE$/, '')))
  const usesS3 = Object.keys(settings).some((name) => S3_MARKERS.has(name) && settings[name])
  faults.push(...crossCheck(values, faulty, usesS3))
  if (faults.length > 0) {
    const lines = faults.map((fault) => `  ${fault.message}`).join('\n')
    throw new LongshoreError('CONFIG_INVALID', `The configuration is not valid:\n${lines}`, { errors: faults })
  }
  return deepFreeze(arrange(values, usesS3, settings.API_KEYS_FILE))
}

/** Reads the configuration from the environment and, for what it does not set, from the file `.env` in the current folder. */
export function loadConfig(overrides: GivenSettings = {}): Config {
  return parseConfig(givenSettings(overrides))
}

/** The settings of the environment and, for what it does not set, of the file `.env`, as they were written. */
export function givenSettings(overrides: GivenSettings = {}): Settings {
  return layered(readDotenv('.env'), process.env, asText(overrides))
}

/** The environment of this process for a program that it starts: all of it, or the named variables that are set. */
export function environment(names?: readonly string[]): Record<string, string> {
  const isGiven = ([name, value]: [string, string | undefined]): boolean =>
    value !== undefined && (names === undefined || names.includes(name))
  return Object.fromEntries(Object.entries(process.env).filter(isGiven)) as Record<string, string>
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
  if (value === '' && setting.fallback === '') return readUnset(setting)
  const parsed = setting.schema.safeParse(value)
  if (parsed.success) return parsed.data
  const shown = isSecret(name) ? 'something else' : JSON.stringify(value)
  faults.push({ pointer: `/${name}`, message: `Expected ${name} to be ${setting.expected}, got ${shown}.` })
  return undefined
}

/** Nothing is something to some settings; others take only what is set, and are then just empty. */
function readUnset({ schema }: Setting<unknown>): unknown {
  const parsed = schema.safeParse('')
  return parsed.success ? parsed.data : ''
}

/** What settings must be to each other; those that are faulty already have no value to go by. */
function crossCheck(
  values: SettingValues,
  faulty: ReadonlySet<string>,
  usesS3: boolean,
): { pointer: string; message: string }[] {
  const faults: { pointer: string; message: string }[] = []
  const expect = (holds: () => boolean, names: readonly [SettingName, ...SettingName[]], message: string): void => {
    if (names.some((name) => faulty.has(name)) || holds()) return
    faults.push({ pointer: `/${names[0]}`, message })
  }
  expect(
    () => isLoopback(values.HOST) || values.API_KEYS.length > 0 || values.AUTH === 'none',
    ['HOST', 'API_KEYS', 'AUTH'],
    `Expected API_KEYS to be set, because HOST=${values.HOST} can be reached from other machines. ` +
      'Set API_KEYS to one or more keys (`npx longshore keys create` makes one), or AUTH=none to let anyone in.',
  )
  expect(
    () => (values.S3_ACCESS_KEY === '') === (values.S3_SECRET_KEY === ''),
    ['S3_SECRET_KEY', 'S3_ACCESS_KEY'],
    'Expected S3_ACCESS_KEY and S3_SECRET_KEY to be set together, or neither.',
  )
  expect(
    () => values.S3_PUBLIC_ENDPOINT_URL === '' || values.S3_ENDPOINT_URL !== '',
    ['S3_PUBLIC_ENDPOINT_URL', 'S3_ENDPOINT_URL'],
    'Expected S3_ENDPOINT_URL to be set, because S3_PUBLIC_ENDPOINT_URL is another way to the same store.',
  )
  expect(
    () => values.RETRY_BASE_SECONDS <= values.RETRY_CAP_SECONDS,
    ['RETRY_CAP_SECONDS', 'RETRY_BASE_SECONDS'],
    'Expected RETRY_CAP_SECONDS to be at least RETRY_BASE_SECONDS.',
  )
  expect(
    () => values.ROLE === 'all' || values.DATABASE_URL !== '',
    ['DATABASE_URL', 'ROLE'],
    `Expected DATABASE_URL to be set, because ROLE=${values.ROLE} shares its jobs with other replicas. Set it, or ROLE=all.`,
  )
  expect(
    () => values.ROLE === 'all' || usesS3 || values.OBJECTS_DIR !== '',
    ['OBJECTS_DIR', 'ROLE'],
    `Expected an object store that all replicas share, because ROLE=${values.ROLE}. Set S3_BUCKET and the S3 settings of your store, or OBJECTS_DIR to a shared folder.`,
  )
  expect(
    () => usesS3 || values.OBJECTS_DIR === '' || values.SIGNING_SECRET !== '',
    ['SIGNING_SECRET', 'OBJECTS_DIR'],
    'Expected SIGNING_SECRET to be set, because OBJECTS_DIR is shared: a URL that one replica signs must be valid at all. ' +
      'Set the same secret for each (for instance the output of `openssl rand -hex 32`).',
  )
  return faults
}

/** Whether only this machine can reach the address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

function arrange(values: SettingValues, usesS3: boolean, keysFile: string | undefined) {
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL === '' ? undefined : values.PUBLIC_URL.replace(/\/+$/, ''),
    trustProxy: values.TRUST_PROXY,
    apiKeys: values.AUTH === 'none' ? [] : values.API_KEYS,
    apiKeysFile: values.AUTH === 'none' ? undefined : keysFile || undefined,
    tenantLimits: {
      queuedJobs: limitOf(values.TENANT_MAX_QUEUED_JOBS),
      openIngests: limitOf(values.TENANT_MAX_OPEN_INGESTS),
      schedules: limitOf(values.TENANT_MAX_SCHEDULES),
      runningJobs: limitOf(values.TENANT_CONCURRENCY),
      requestsPerMinute: limitOf(values.TENANT_RATE_LIMIT_PER_MINUTE),
    },
    corsOrigins: values.CORS_ORIGINS,
    logLevel: values.LOG_LEVEL,
    metrics: values.METRICS,
    dashboard: values.DASHBOARD,
    role: values.ROLE,
    database: arrangeDatabase(values),
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
    webhooks: {
      secrets: values.WEBHOOK_SECRET,
      allowPrivate: values.WEBHOOK_ALLOW_PRIVATE,
      timeoutMs: values.WEBHOOK_TIMEOUT_SECONDS * 1000,
      concurrency: values.WEBHOOK_CONCURRENCY,
      hostConcurrency: values.WEBHOOK_HOST_CONCURRENCY,
    },
    maxConcurrentJobs: values.MAX_CONCURRENT_JOBS,
    groupConcurrency: values.GROUP_CONCURRENCY === 0 ? undefined : values.GROUP_CONCURRENCY,
    worker: {
      cpu: values.WORKER_CPU,
      memoryBytes: inBytes(values.WORKER_MEMORY_MB, MIB),
      scratchBytes: inBytes(values.WORKER_SCRATCH_GB, GIB),
    },
    reserveAfterMs: values.RESERVE_AFTER_SECONDS * 1000,
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
      schedules: values.MAX_SCHEDULES,
      scheduleIntervalMs: values.MIN_SCHEDULE_INTERVAL_SECONDS * 1000,
      queuedJobs: values.MAX_QUEUED_JOBS,
      logLines: values.MAX_LOG_LINES,
      requestTimeoutMs: values.REQUEST_TIMEOUT_SECONDS * 1000,
      requestsPerMinute: values.RATE_LIMIT_PER_MINUTE,
      requestsPerMinuteByKey: values.KEY_RATE_LIMIT_PER_MINUTE,
      loopDelayMs: values.MAX_LOOP_DELAY_MS === 0 ? Number.POSITIVE_INFINITY : values.MAX_LOOP_DELAY_MS,
    },
  }
}

function inBytes(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : Math.floor(value * unit)
}

/** Undefined means the embedded engine. */
function arrangeDatabase(values: SettingValues) {
  if (values.DATABASE_URL === '') return undefined
  return {
    url: values.DATABASE_URL,
    listenUrl: values.DATABASE_LISTEN_URL === '' ? values.DATABASE_URL : values.DATABASE_LISTEN_URL,
    schema: values.DATABASE_SCHEMA,
    workerSchema: values.DATABASE_WORKER_SCHEMA,
    poolSize: values.DATABASE_POOL_SIZE,
    migrates: values.MIGRATE_ON_START,
  }
}

function arrangeStorage(values: SettingValues, usesS3: boolean): StorageConfig {
  if (!usesS3) {
    const shared = values.OBJECTS_DIR !== ''
    return { kind: 'local', folder: shared ? values.OBJECTS_DIR : `${values.DATA_DIR}/objects`, shared }
  }
  return {
    kind: 's3',
    endpoint: arrangeEndpoint(values.S3_ENDPOINT_URL, values.S3_USE_SSL),
    publicEndpoint: arrangeEndpoint(values.S3_PUBLIC_ENDPOINT_URL, values.S3_USE_SSL),
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
