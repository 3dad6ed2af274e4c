import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LongshoreError } from '../src/base/errors.ts'
import { loadConfig, parseConfig } from '../src/config.ts'
import { layered } from '../src/setting-layers.ts'
import { isSecret, SETTINGS } from '../src/settings.ts'
import { tempFolder } from './support/temp-folder.ts'

function faultsOf(settings: Record<string, string>): string[] {
  try {
    parseConfig(settings)
  } catch (failure) {
    assert.ok(failure instanceof LongshoreError)
    assert.equal(failure.code, 'CONFIG_INVALID')
    return failure.errors.map((fault) => fault.message)
  }
  return []
}

test('no setting at all gives a service for this machine alone, on the local store', () => {
  const config = parseConfig({})
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8000)
  assert.deepEqual(config.storage, { kind: 'local', folder: './data/objects', shared: false })
})

test('an empty setting counts as not set', () => {
  assert.equal(parseConfig({ PORT: '' }).port, 8000)
})

test('all faults are told at once, each with what was expected and what was given', () => {
  assert.deepEqual(faultsOf({ MAX_CONCURRENT_JOBS: 'many', PORT: '70000' }), [
    'Expected PORT to be an integer from 0 to 65535, got "70000".',
    'Expected MAX_CONCURRENT_JOBS to be an integer from 1 to 1000, got "many".',
  ])
})

test('a faulty secret is not repeated', () => {
  const [fault] = faultsOf({ API_KEYS: 'too short' })
  assert.match(fault ?? '', /^Expected API_KEYS to be a comma-separated list/)
  assert.doesNotMatch(fault ?? '', /too short/)
})

test('what is marked as the hash of a key must be one', () => {
  const hash = `sha256:${'0a'.repeat(32)}`
  assert.deepEqual(parseConfig({ API_KEYS: hash }).apiKeys, [hash])
  for (const wrong of ['sha256:a-long-enough-word', `${hash}0`, hash.replaceAll('a', 'A').replace('shA', 'sha')]) {
    assert.equal(faultsOf({ API_KEYS: wrong }).length, 1, wrong)
  }
})

for (const host of ['0.0.0.0', '::', '192.168.1.4', 'example.org', '127.evil.example']) {
  test(`listening on ${host} without keys is refused, and the message says how to set them`, () => {
    const [fault] = faultsOf({ HOST: host })
    assert.match(fault ?? '', /API_KEYS/)
    assert.match(fault ?? '', /AUTH=none/)
  })
}

test('listening beyond this machine is fine with a key, or when told that anyone may come in', () => {
  assert.equal(parseConfig({ HOST: '0.0.0.0', API_KEYS: 'a'.repeat(24) }).apiKeys.length, 1)
  assert.equal(parseConfig({ HOST: '0.0.0.0', AUTH: 'none' }).host, '0.0.0.0')
})

test('an endpoint means S3, with the bucket in the path', () => {
  const { storage } = parseConfig({ S3_ENDPOINT_URL: 'http://127.0.0.1:9000', S3_ACCESS_KEY: 'k', S3_SECRET_KEY: 's' })
  assert.deepEqual(storage, {
    kind: 's3',
    endpoint: 'http://127.0.0.1:9000',
    publicEndpoint: undefined,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'k', secretAccessKey: 's' },
  })
})

test('an endpoint without a scheme takes it from S3_USE_SSL', () => {
  const endpointOf = (settings: Record<string, string>) => {
    const { storage } = parseConfig({ S3_ENDPOINT_URL: 'minio:9000', ...settings })
    return storage.kind === 's3' ? storage.endpoint : undefined
  }
  assert.equal(endpointOf({}), 'http://minio:9000')
  assert.equal(endpointOf({ S3_USE_SSL: 'true' }), 'https://minio:9000')
})

test('a bucket alone means AWS, with the address the SDK chooses', () => {
  const { storage } = parseConfig({ S3_BUCKET: 'my-bucket' })
  assert.ok(storage.kind === 's3')
  assert.equal(storage.endpoint, undefined)
  assert.equal(storage.forcePathStyle, false)
})

test('key prefixes and further buckets leave the local store in place', () => {
  const config = parseConfig({ S3_DATASETS_PREFIX: 'in', S3_ALLOWED_BUCKETS: 'other-bucket, third-bucket' })
  assert.equal(config.storage.kind, 'local')
  assert.deepEqual(config.readableBuckets, ['longshore', 'other-bucket', 'third-bucket'])
})

test('origins are taken as browsers send them, or all at once', () => {
  const originsOf = (value: string) => parseConfig({ CORS_ORIGINS: value }).corsOrigins
  assert.deepEqual(originsOf('https://app.example.org, http://localhost:5173'), [
    'https://app.example.org',
    'http://localhost:5173',
  ])
  assert.deepEqual(originsOf('*'), ['*'])
  assert.deepEqual(parseConfig({}).corsOrigins, [])
})

for (const value of [
  'https://app.example.org/',
  'https://app.example.org/page',
  'https://App.example.org',
  'https://app.example.org:443',
  'app.example.org',
  'https://*.example.org',
  'null',
  'file:///index.html',
  '*, https://app.example.org',
]) {
  test(`an origin that no browser sends is refused with what was expected: ${value}`, () => {
    const [fault] = faultsOf({ CORS_ORIGINS: value })
    assert.match(fault ?? '', /^Expected CORS_ORIGINS to be .* like https:\/\/app\.example\.org, .* or \*, got/)
  })
}

test('half a pair of credentials is a fault', () => {
  assert.match(faultsOf({ S3_ACCESS_KEY: 'k' })[0] ?? '', /together/)
})

test('the configuration cannot be changed', () => {
  const config = parseConfig({})
  assert.throws(() => Object.assign(config, { port: 1 }), TypeError)
  assert.throws(() => Object.assign(config.limits, { jsonDepth: 1 }), TypeError)
})

test('a .env that cannot be read is told, and one that is not there is none', async () => {
  await using folder = await tempFolder()
  const before = process.cwd()
  process.chdir(folder.path)
  try {
    assert.equal(loadConfig({ PORT: '1' }).port, 1)
    mkdirSync('.env')
    assert.throws(() => loadConfig(), { code: 'CONFIG_INVALID', message: /\.env cannot be read/ })
  } finally {
    process.chdir(before)
  }
})

test('settings that do not go together are told with those that are wrong by themselves', () => {
  const faults = faultsOf({ PORT: 'x', HOST: '0.0.0.0', S3_ACCESS_KEY: 'k', RETRY_CAP_SECONDS: 'x' })
  assert.deepEqual(
    faults.map((fault) => /Expected ([A-Z0-9_]+)/.exec(fault)?.[1]),
    ['PORT', 'RETRY_CAP_SECONDS', 'API_KEYS', 'S3_ACCESS_KEY'],
  )
  assert.deepEqual(faultsOf({ HOST: '0.0.0.0', AUTH: 'x' }).length, 1)
})

test('many machines need what they share: a database, an object store, and one secret for a shared folder', () => {
  const faultsOf = (settings: Record<string, string>): string => {
    try {
      parseConfig(settings)
    } catch (failure) {
      return failure instanceof Error ? failure.message : ''
    }
    return ''
  }
  const DATABASE_URL = 'postgres://user:hidden@db/jobs'
  assert.match(faultsOf({ ROLE: 'worker', S3_BUCKET: 'b' }), /Expected DATABASE_URL to be set, because ROLE=worker/)
  assert.match(faultsOf({ ROLE: 'api', DATABASE_URL }), /Expected an object store that all replicas share/)
  assert.match(faultsOf({ DATABASE_URL, OBJECTS_DIR: '/shared' }), /Expected SIGNING_SECRET to be set/)
  assert.doesNotMatch(faultsOf({ DATABASE_URL: 'mysql://user:hidden@db/jobs' }), /hidden/)
  assert.equal(faultsOf({ ROLE: 'worker', DATABASE_URL, S3_BUCKET: 'bucket' }), '')
})

test('every secret may lie in a file, and the line break at its end is no part of it', async () => {
  await using folder = await tempFolder()
  const secrets = {
    API_KEYS: 'a'.repeat(24),
    DATABASE_URL: 'postgres://user:hidden@db/jobs',
    DATABASE_LISTEN_URL: 'postgres://user:hidden@db:5433/jobs',
    S3_ACCESS_KEY: 'access',
    S3_SECRET_KEY: ' with spaces ',
    SIGNING_SECRET: 's'.repeat(32),
  }
  const given: Record<string, string> = { S3_BUCKET: 'bucket' }
  for (const [index, [name, secret]] of Object.entries(secrets).entries()) {
    given[`${name}_FILE`] = join(folder.path, name)
    writeFileSync(join(folder.path, name), `${secret}${['', '\n', '\r\n'][index % 3]}`)
  }
  const { apiKeysFile, ...config } = parseConfig(given)
  const { apiKeysFile: none, ...expected } = parseConfig({ S3_BUCKET: 'bucket', ...secrets })
  assert.deepEqual(config, expected)
  assert.deepEqual([apiKeysFile, none], [join(folder.path, 'API_KEYS'), undefined])
})

test('which settings are secret', () => {
  assert.deepEqual(Object.keys(SETTINGS).filter(isSecret), [
    'API_KEYS',
    'DATABASE_URL',
    'DATABASE_LISTEN_URL',
    'S3_ACCESS_KEY',
    'S3_SECRET_KEY',
    'SIGNING_SECRET',
    'WEBHOOK_SECRET',
  ])
})

test('a file that holds no secret is told with its path, and never what another one holds', async () => {
  await using folder = await tempFolder()
  const empty = join(folder.path, 'empty')
  const wrong = join(folder.path, 'wrong')
  writeFileSync(empty, '\n')
  writeFileSync(wrong, 'mysql://user:hidden@db')
  assert.deepEqual(
    faultsOf({ S3_ACCESS_KEY_FILE: empty, S3_SECRET_KEY_FILE: join(folder.path, 'missing'), DATABASE_URL_FILE: wrong }),
    [
      `Expected S3_ACCESS_KEY_FILE to name a file with a secret in it, but ${empty} is empty.`,
      `Expected S3_SECRET_KEY_FILE to name a file that can be read: ENOENT: no such file or directory, open '${join(folder.path, 'missing')}'.`,
      'Expected DATABASE_URL to be a postgres:// URL, got something else.',
    ],
  )
  assert.deepEqual(faultsOf({ ROLE: 'worker', S3_BUCKET: 'bucket', DATABASE_URL_FILE: empty }).length, 1)
  assert.deepEqual(faultsOf({ API_KEYS: 'k'.repeat(16), API_KEYS_FILE: wrong }), [
    'Expected API_KEYS_FILE not to be set together with API_KEYS.',
  ])
})

test('a file named in one place wins over a secret set below it, and the other way round', () => {
  const file = { API_KEYS_FILE: '/run/secrets/keys' }
  const plain = { API_KEYS: 'k'.repeat(16) }
  assert.deepEqual(layered(plain, file), file)
  assert.deepEqual(layered(file, plain), plain)
  assert.deepEqual(layered(file, { API_KEYS: '' }), { ...file, API_KEYS: '' })
  assert.deepEqual(layered({}, { ...file, ...plain }), { ...file, ...plain })
})

test('another endpoint for clients is one of the same store', () => {
  const S3_PUBLIC_ENDPOINT_URL = 'https://objects.example.org'
  const { storage } = parseConfig({ S3_ENDPOINT_URL: 'http://s3:7070', S3_PUBLIC_ENDPOINT_URL })
  assert.ok(storage.kind === 's3')
  assert.equal(storage.publicEndpoint, S3_PUBLIC_ENDPOINT_URL)
  assert.match(faultsOf({ S3_PUBLIC_ENDPOINT_URL })[0] ?? '', /^Expected S3_ENDPOINT_URL to be set, because/)
})

test('settings may be given as numbers, true and false; what is none of these is told', () => {
  const { port, metrics } = parseConfig({ PORT: 0, METRICS: false })
  assert.deepEqual([port, metrics], [0, false])
  const wrong = { PORT: ['8000'], METRICS: {} } as unknown as Record<string, string>
  assert.deepEqual(faultsOf(wrong), [
    'Expected PORT to be an integer from 0 to 65535, got "[\\"8000\\"]".',
    'Expected METRICS to be "true" or "false", got "{}".',
  ])
  assert.equal(parseConfig({ PORT: null } as unknown as Record<string, string>).port, 8000)
})
