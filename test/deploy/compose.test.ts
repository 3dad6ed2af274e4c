import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { isSecret } from '../../src/settings.ts'
import { tempFolder } from '../support/temp-folder.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const FILES = ['deploy/compose/compose.yaml', 'examples/ifcb-features/compose.yaml', 'src/cli/template/compose.yaml']

/** Containers of a compose file that run a service: those that serve files and databases have an image of others. */
function replicas(path: string) {
  const { services } = parse(read(path), { merge: true })
  const own = Object.entries<Record<string, never>>(services).filter(([name]) => !['postgres', 's3'].includes(name))
  return own.map(([name, service]) => ({ name: `${path}: ${name}`, ...service })) as {
    name: string
    stop_grace_period: string
    read_only: boolean
    cap_drop: string[]
    environment?: Record<string, string>
  }[]
}

test('containers have longer to end than a stop can take, and run without rights', () => {
  for (const path of FILES) {
    for (const { name, stop_grace_period, read_only, cap_drop, environment = {} } of replicas(path)) {
      const settings = Object.entries(environment).filter(([setting]) => setting.endsWith('_GRACE_SECONDS'))
      const { shutdownGraceMs, abortGraceMs } = parseConfig(Object.fromEntries(settings))
      const graceMs = Number(/^(\d+)s$/.exec(stop_grace_period)?.[1]) * 1000
      assert.ok(graceMs >= shutdownGraceMs + abortGraceMs + 5000, name)
      assert.deepEqual([read_only, cap_drop], [true, ['ALL']], name)
    }
  }
})

test('the service of several containers takes every secret from a file', () => {
  const { secrets } = parse(read('deploy/compose/compose.yaml'))
  for (const { name, environment = {} } of replicas('deploy/compose/compose.yaml')) {
    assert.deepEqual(Object.keys(environment).filter(isSecret), [], name)
    const files = Object.entries(environment).filter(([setting]) => setting.endsWith('_FILE'))
    for (const feature of ['SIGNING_SECRET_FILE', 'WEBHOOK_SECRET_FILE']) assert.ok(environment[feature], name)
    assert.ok(files.length >= 6, name)
    for (const [setting, path] of files) assert.ok(secrets[path.replace('/run/secrets/', '')], `${name}: ${setting}`)
  }
})

test('make-secrets.sh makes each secret of the service once, as the service takes it, and adds those that are missing', async () => {
  await using folder = await tempFolder()
  const script = join(folder.path, 'make-secrets.sh')
  await cp(fileURLToPath(new URL('../../deploy/compose/make-secrets.sh', import.meta.url)), script)
  const make = () => spawnSync('sh', [script], { encoding: 'utf8' })
  const held = async () => {
    const names = (await readdir(join(folder.path, 'secrets'))).sort()
    const texts = names.map(async (name) => [name, await readFile(join(folder.path, 'secrets', name), 'utf8')] as const)
    return Object.fromEntries(await Promise.all(texts))
  }
  const { stdout, stderr, status } = make()
  assert.deepEqual([stderr, status], ['', 0])
  const first = await held()
  const { services, secrets } = parse(read('deploy/compose/compose.yaml'), { merge: true })
  assert.deepEqual(Object.keys(first), Object.keys(secrets).sort())
  const files = Object.entries<string>(services.api.environment)
    .filter(([setting]) => setting.endsWith('_FILE'))
    .map(([setting, path]) => [setting, path.replace('/run', folder.path)])
  const config = parseConfig({ HOST: '0.0.0.0', S3_ENDPOINT_URL: 'http://s3:7070', ...Object.fromEntries(files) })
  assert.equal(config.webhooks.secrets.length, 1)
  assert.match(config.signingSecret ?? '', /^[0-9a-f]{64}$/)
  assert.equal(config.database?.url, `postgres://longshore:${first.postgres_password?.trim()}@postgres/longshore`)
  const key = /LONGSHORE_API_KEY=(lsk_[0-9a-f]{64})$/m.exec(stdout)?.[1] ?? ''
  assert.equal(first.api_keys, `sha256:${createHash('sha256').update(key).digest('hex')}\n`)
  await rm(join(folder.path, 'secrets/webhook_secret'))
  const again = make()
  assert.deepEqual([again.stdout, again.status], ['', 0])
  assert.match(again.stderr, /remove secrets\/api_keys, run this again,\nand restart .*: docker-compose restart$/m)
  const { webhook_secret, ...kept } = await held()
  assert.deepEqual({ ...kept, webhook_secret: first.webhook_secret }, first)
  assert.notEqual(webhook_secret, first.webhook_secret)
})

test('the database and the store are stopped after whoever uses them', () => {
  const { services } = parse(read('deploy/compose/compose.yaml'), { merge: true })
  for (const name of ['api', 'worker']) {
    const needs = Object.keys(services[name].depends_on)
    for (const server of ['postgres', 's3']) assert.ok(needs.includes(server), `${name} does not depend on ${server}`)
  }
})

test('an image has an init, no root and a check of its health', () => {
  for (const path of ['Dockerfile', 'examples/ifcb-features/Dockerfile', 'src/cli/template/Dockerfile']) {
    const text = read(path)
    assert.match(text, /^ENTRYPOINT \["tini", "--"\]$/m, path)
    assert.match(text, /^USER 1000:1000$/m, path)
    assert.match(text, /^HEALTHCHECK .*\n {2}CMD .*\/readyz/m, path)
  }
})
