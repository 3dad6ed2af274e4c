import assert from 'node:assert/strict'
import { test } from 'node:test'
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
        'The service takes it from its next start on.\n$',
    ),
  )
  assert.match((await cli(['keys', 'create', '--name', 'the lab'])).stdout, /^The key of the lab, for the client\./)
})
