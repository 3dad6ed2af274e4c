import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { isSecret } from '../../src/settings.ts'

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
    assert.ok(files.length >= 4, name)
    for (const [setting, path] of files) assert.ok(secrets[path.replace('/run/secrets/', '')], `${name}: ${setting}`)
  }
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
