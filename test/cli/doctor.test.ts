import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { checkNode } from '../../src/cli/doctor/node-version.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { cli } from './cli.ts'
import { cliProcess } from './cli-process.ts'

interface Report {
  ok: boolean
  findings: Finding[]
}

test('Node is held to what the package needs', () => {
  for (const version of ['22.18.0', '22.19.1', '24.0.0', '100.0.0']) assert.equal(checkNode(version).verdict, 'ok')
  for (const version of ['22.17.1', '20.20.2', '9.99.0']) {
    assert.deepEqual(checkNode(version), {
      check: 'node',
      verdict: 'failed',
      message: `Node ${version} is too old, 22.18 or later is needed`,
      todo: 'Install Node 24 LTS: https://nodejs.org',
    })
  }
})

test('all is told line by line, and nothing failed: exit code 0', async () => {
  await using folder = await tempFolder()
  const { code, stdout, stderr } = await cliProcess(['doctor'], folder.path, { PORT: '0' })
  assert.deepEqual([code, stderr], [0, ''])
  const data = join(folder.path, 'data')
  assert.equal(
    stdout.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, '<now>'),
    `ok       node           Node ${process.versions.node}
ok       configuration  127.0.0.1:0, data in ./data, objects on the local store, bucket longshore
ok       read tokens    signed with a secret that is kept in ./data
off      webhooks       None are sent, and a callback_url is refused: there is no secret to sign them with
                        -> Set WEBHOOK_SECRET to the same secret on every replica, for instance the output of \`openssl rand -base64 32\`
ok       data folder    ${data} does not exist yet; the service makes it
ok       store          ${data}/objects, which the service makes
ok       port           any free port on 127.0.0.1
ok       clock          <now>; there is no store to compare it with
`,
  )
})

test('every fault of the configuration is told with what to do: exit code 1', async () => {
  await using folder = await tempFolder()
  const { code, stdout } = await cliProcess(['doctor', '--quiet'], folder.path, { PORT: 'x', HOST: '0.0.0.0' })
  assert.equal(code, 1)
  const todo = `${' '.repeat(24)}-> Correct it in the environment or in .env; what depends on the configuration is checked after that`
  assert.equal(
    stdout,
    `failed   configuration  Expected PORT to be an integer from 0 to 65535, got "x".
${todo}
failed   configuration  Expected API_KEYS to be set, because HOST=0.0.0.0 can be reached from other machines. Set API_KEYS to one or more keys (\`npx longshore keys create\` makes one), or AUTH=none to let anyone in.
${todo}
`,
  )
})

test('--json is one document that says the same', async () => {
  await using folder = await tempFolder()
  const fine = await cliProcess(['doctor', '--json'], folder.path, { PORT: '0' })
  const report: Report = JSON.parse(fine.stdout)
  assert.equal(report.ok, true)
  assert.deepEqual(
    report.findings.map(({ check, verdict }) => `${check} ${verdict}`),
    [
      ...['node ok', 'configuration ok', 'read tokens ok', 'webhooks off'],
      ...['data folder ok', 'store ok', 'port ok', 'clock ok'],
    ],
  )
  const bad = await cliProcess(['doctor', '--json'], folder.path, { PORT: 'x' })
  assert.equal(bad.code, 1)
  assert.equal(JSON.parse(bad.stdout).ok, false)
})

test('beside a running service all is fine, and the service does not notice', async () => {
  await using folder = await tempFolder()
  const data = join(folder.path, 'data')
  await using service = await startService({ DATA_DIR: data })
  const env = { PORT: new URL(service.url).port, LONGSHORE_URL: service.url }
  const { code, stdout } = await cliProcess(['doctor', '--json'], folder.path, env)
  const { findings }: Report = JSON.parse(stdout)
  assert.equal(code, 0, stdout)
  const said = findings.map(({ check, message }) => `${check}: ${message}`).join('\n')
  assert.match(said, /^data folder: .*\/data is used by process \d+ on /m)
  assert.match(said, /^database: .* was not looked into$/m)
  assert.match(said, /^store: .*\/objects can be written to$/m)
  assert.match(said, /^port: The Longshore service fixture 1\.2\.3 answers on /m)
  assert.match(said, /^service: fixture 1\.2\.3 at http:\S+ is ready$/m)
  assert.equal((await fetch(`${service.url}/readyz`)).status, 200)
  assert.equal(await service.kill('SIGTERM'), 0)
  const after = await cliProcess(['doctor', '--json'], folder.path, { PORT: '0' })
  assert.match(after.stdout, /longshore\.db is sound; its schema is \d+, the newest/)
})

/** Something with a name of its choice that answers like a service. */
async function impostor(name: string, onAsked: () => void = () => {}) {
  const server = createServer((_, answer) => {
    onAsked()
    answer.end(JSON.stringify({ status: 'healthy', name, version: '1' }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: String((server.address() as AddressInfo).port),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('what others call themselves does not reach the terminal as a command', async () => {
  await using folder = await tempFolder()
  await using other = await impostor('\u001b]0;owned\u0007')
  const { stdout } = await cli(['doctor'], { env: { PORT: other.port, DATA_DIR: folder.path } })
  assert.ok(stdout.includes('The Longshore service \\u{1b}]0;owned\\u{7} 1 answers on'), stdout)
})

test('Ctrl-C ends it after the check that runs, which takes away what it has written', async () => {
  await using folder = await tempFolder()
  const interrupt = new AbortController()
  await using other = await impostor('slow', () => interrupt.abort())
  const env = { PORT: other.port, DATA_DIR: folder.path }
  const { code, stdout, stderr } = await cli(['doctor'], { env, interrupt: interrupt.signal })
  assert.deepEqual([code, stderr], [130, ''])
  assert.match(stdout, /^ok {7}data folder/m)
  assert.doesNotMatch(stdout, /clock/)
  assert.deepEqual(await readdir(folder.path), [])
})
