import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import * as client from '@longshore/client'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'client/README.md'), 'utf8')
const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

test('what the README of the client shows is its examples', () => {
  const shown = [...README.matchAll(/<!-- (\S+\.ts) -->\n```ts\n(.*?)```/gs)]
  assert.deepEqual(
    shown.map(([, name]) => name),
    ['round-trip.ts', 'steps.ts'],
  )
  for (const [, name = '', code] of shown) {
    assert.equal(code, readFileSync(join(ROOT, 'examples/client', name), 'utf8'), name)
  }
})

test('the examples of the client do what they say', async () => {
  await using folder = await tempFolder()
  const main = join(ROOT, 'examples/minimal/main.ts')
  await using service = await startService({ DATA_DIR: join(folder.path, 'data') }, main)
  writeFileSync(join(folder.path, 'abc.txt'), 'abc')
  const run = (name: string, ...args: string[]) => {
    const script = join(ROOT, 'examples/client', name)
    const env = { ...process.env, LONGSHORE_URL: service.url }
    return promisify(execFile)(process.execPath, ['--conditions=longshore-source', script, ...args], {
      cwd: folder.path,
      env,
    })
  }
  const roundTrip = await run('round-trip.ts', 'abc.txt')
  assert.match(roundTrip.stdout, /^uploaded 3 of 3 bytes$/m)
  assert.match(roundTrip.stdout, new RegExp(`'abc.txt': '${DIGEST}'`))
  const steps = await run('steps.ts')
  assert.match(steps.stdout, new RegExp(`^${DIGEST}\n1 job.queued\n`))
  assert.match(steps.stdout, /\d+ job\.completed\n$/)
})

test('the table of errors names every class of error', () => {
  const named = [...README.matchAll(/^\| `(\w+Error)` \|/gm)].map(([, name]) => name)
  const exported = Object.keys(client).filter((name) => name.endsWith('Error'))
  assert.deepEqual(named.toSorted(), exported.toSorted())
})
