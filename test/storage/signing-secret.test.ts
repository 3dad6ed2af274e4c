import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { loadSigningSecret } from '../../src/storage/signing-secret.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('the secret is made once, long and for its owner alone', async () => {
  await using folder = await tempFolder()
  const data = join(folder.path, 'not/there/yet')
  const secret = loadSigningSecret(data)
  assert.ok(secret.length >= 43)
  assert.equal(loadSigningSecret(data), secret)
  assert.equal((await stat(join(data, 'signing-secret'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(data), ['signing-secret'])
})

test('of several processes that make it at once all get the same', async () => {
  await using folder = await tempFolder()
  const module = new URL('../../src/storage/signing-secret.ts', import.meta.url).href
  const code = `import { loadSigningSecret } from '${module}'; process.stdout.write(loadSigningSecret(process.argv[1]))`
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', code, folder.path])
  const secrets = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout)
  assert.deepEqual(new Set(secrets), new Set([loadSigningSecret(folder.path)]))
  assert.deepEqual(await readdir(folder.path), ['signing-secret'])
})

test('a secret that is too short is refused', async () => {
  await using folder = await tempFolder()
  await writeFile(join(folder.path, 'signing-secret'), 'short\n')
  const refused = { code: 'DATA_DIR_UNUSABLE', message: /fewer than 32/ }
  assert.throws(() => loadSigningSecret(folder.path), refused)
})

test('a folder that cannot be used is named', async () => {
  await using folder = await tempFolder()
  await writeFile(join(folder.path, 'file'), '')
  const refused = { code: 'DATA_DIR_UNUSABLE', message: /file\/signing-secret/ }
  assert.throws(() => loadSigningSecret(join(folder.path, 'file')), refused)
})
