import assert from 'node:assert/strict'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../support/temp-folder.ts'
import { openTestService } from '../support/test-service.ts'
import { submit } from '../support/wire.ts'
import { cli } from './cli.ts'

interface Created {
  name: string | null
  key: string
  api_keys_entry: string
}

test('a created key is let in by its entry, and no two are the same', async () => {
  const keys: Created[] = []
  for (const name of ['one', 'two']) {
    const { code, stdout, stderr } = await cli(['keys', 'create', '--name', name, '--json'])
    assert.deepEqual([code, stderr], [0, ''])
    keys.push(JSON.parse(stdout))
  }
  assert.notEqual(keys[0]?.key, keys[1]?.key)
  await using service = await openTestService({
    settings: { API_KEYS: keys.map((each) => each.api_keys_entry).join(',') },
  })
  for (const { key, api_keys_entry } of keys) {
    assert.match(key, /^lsk_[\w-]{43}$/)
    assert.equal((await submit(service.app, {}, { authorization: `Bearer ${key}` })).statusCode, 202)
    assert.equal((await submit(service.app, {}, { authorization: `Bearer ${api_keys_entry}` })).statusCode, 401)
  }
})

test('a key is shown with what to put where', async () => {
  const { stdout } = await cli(['keys', 'create'])
  assert.match(
    stdout,
    new RegExp(
      '^The key, for the client. It is shown this once and kept nowhere:\n\n' +
        ' {2}LONGSHORE_API_KEY=lsk_[\\w-]{43}\n\n' +
        'Its hash, for the environment or the .env of the service. Keys there are separated by commas:\n\n' +
        ' {2}API_KEYS=sha256:[0-9a-f]{64}\n\n' +
        'The service takes it from its next start on; from API_KEYS_FILE, at once.\n$',
    ),
  )
  assert.match((await cli(['keys', 'create', '--name', 'the lab'])).stdout, /^The key of the lab, for the client\./)
})

test('a key with scopes, tenant and end goes into the file of keys, which lists it without telling it', async () => {
  await using folder = await tempFolder()
  const file = join(folder.path, 'keys')
  const words = ['--name', 'acme-ci', '--tenant', 'acme', '--scopes', 'read,submit', '--expires', '2099-01-31']
  const { stdout } = await cli(['keys', 'create', ...words, '--to', file])
  const key = /LONGSHORE_API_KEY=(\S+)/.exec(stdout)?.[1] ?? ''
  assert.match(stdout, /stands in .*keys now/)
  assert.equal((await stat(file)).mode & 0o077, 0)
  const listed = await cli(['keys', 'list', file])
  assert.equal(listed.stdout, 'name     tenant  scopes        expires\nacme-ci  acme    submit, read  2099-01-31\n')
  const configured = JSON.parse((await cli(['keys', 'list', '--json'], { env: { API_KEYS_FILE: file } })).stdout)
  const expires_at = '2099-01-31T00:00:00.000Z'
  assert.deepEqual(configured, [{ name: 'acme-ci', tenant: 'acme', scopes: ['submit', 'read'], expires_at }])
  await using service = await openTestService({ settings: { API_KEYS_FILE: file } })
  const env = { LONGSHORE_URL: await service.listen(), LONGSHORE_API_KEY: key }
  const checked = await cli(['keys', 'check'], { env })
  assert.equal(checked.stdout, `acme-ci may submit, read: the jobs of tenant acme, until ${expires_at}\n`)
})

test('a wrong attribute or a wrong file of keys is a usage error that says what was expected', async () => {
  await using folder = await tempFolder()
  const file = join(folder.path, 'keys')
  await writeFile(file, 'short\n')
  for (const [words, expected] of [
    [['create', '--scopes', 'everything'], /Expected some of submit, read, operate/],
    [['create', '--tenant', 'a/b'], /expected tenant to be up to 64 letters/],
    [['create', '--expires', 'soon'], /expected expires to be a date/],
    [['create', '--expires', '2020-01-01'], /--expires 2020-01-01 is over: expected a date to come/],
    [['list', file], /entry 1: expected a key of at least 16 printable characters/],
    [['list', join(folder.path, 'none')], /cannot be read/],
  ] as const) {
    const { code, stderr } = await cli(['keys', ...words])
    assert.equal(code, 2, stderr)
    assert.match(stderr, expected)
  }
})
