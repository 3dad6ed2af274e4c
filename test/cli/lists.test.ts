import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { JobClient } from '@longshore/client'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { cli } from './cli.ts'

/** A service with one object, and the command beside it. */
async function open() {
  const service = await openService()
  const folder = await tempFolder()
  const file = join(folder.path, 'hello.txt')
  await writeFile(file, 'hello\n')
  const run = (...args: string[]) => cli(args, { env: { LONGSHORE_URL: service.api.url } })
  const { job_id } = JSON.parse((await run('submit', file, '-qw', '--json')).stdout)
  return {
    api: service.api,
    folder: folder.path,
    object: `s3://longshore/datasets/${job_id}/hello.txt`,
    run,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const rowsOf = (text: string): string[] => text.trimEnd().split('\n')

test('jobs shows so many and says that there are more; --all goes through every page under one head', async () => {
  await using place = await open()
  const { object, run } = place
  const client = new JobClient({ url: place.api.url })
  const submits = Array.from({ length: 204 }, () =>
    client.submitJob({ manifest_inline: { files: [object] }, delay_seconds: 3600 }),
  )
  await Promise.all(submits)
  const some = await run('jobs', '-n', '3')
  assert.equal(rowsOf(some.stdout).length, 4)
  assert.equal(some.stderr, 'There are more than these 3: --limit 15 shows more, --all all.\n')
  const exact = await run('jobs', '-n', '205')
  assert.deepEqual([rowsOf(exact.stdout).length, exact.stderr], [206, ''])
  const all = rowsOf((await run('jobs', '--all')).stdout)
  assert.deepEqual([all.length, all.filter((row) => row.includes('JOB')).length], [206, 1])
  const jobs = rowsOf((await run('jobs', '--all', '--json')).stdout).map((line) => JSON.parse(line))
  assert.equal(new Set(jobs.map(({ job_id }) => job_id)).size, 205)
})

test('files lists each input once under one head, however many there are', async () => {
  await using place = await open()
  const { object, run } = place
  await writeFile(join(place.folder, 'list.jsonl'), `${object}\n`.repeat(2001))
  const uploaded = await run('submit', join(place.folder, 'list.jsonl'), '-qw', '--json')
  const uri = `s3://longshore/datasets/${JSON.parse(uploaded.stdout).job_id}/list.jsonl`
  const { job_id } = JSON.parse((await run('submit', '--manifest', uri, '-qw', '--json')).stdout)
  const rows = rowsOf((await run('files', job_id)).stdout)
  assert.deepEqual([rows.length, rows.filter((row) => row === 'STATUS  SIZE  FILE').length], [2002, 1])
  assert.equal(rowsOf((await run('files', job_id, '--json')).stdout).length, 2001)
})

test('of the jobs of several tenants, whose groups have one name, a command takes those of one', async () => {
  const keys = { acme: 'key-of-the-tenant-acme', zeta: 'key-of-the-tenant-zeta', all: 'key-of-the-operator' }
  const entries = [formatKeyEntry(keys.acme, { tenant: 'acme' }), formatKeyEntry(keys.zeta, { tenant: 'zeta' })]
  await using service = await openService({ API_KEYS: [...entries, formatKeyEntry(keys.all)].join(',') })
  const { url } = service.api
  const submit = (key: string) =>
    new JobClient({ url, apiKey: key }).submitJob({
      manifest_inline: { files: ['s3://longshore/shared/later.txt'] },
      group: 'plankton',
      delay_seconds: 3600,
    })
  const [ours] = await Promise.all([submit(keys.acme), submit(keys.zeta)])
  const run = (...args: string[]) => cli(args, { env: { LONGSHORE_URL: url, LONGSHORE_API_KEY: keys.all } })
  const listed = await run('jobs', '--tenant', 'acme', '--group', 'plankton')
  assert.match(listed.stdout, new RegExp(`TENANT  GROUP.*\\n.*${ours.job_id} .* acme  +plankton`))
  assert.equal(rowsOf(listed.stdout).length, 2)
  const cancelled = await run('cancel', '--tenant', 'zeta', '--group', 'plankton')
  assert.equal(cancelled.stdout, '1 job asked to stop\n')
  assert.deepEqual(rowsOf((await run('jobs', '--status', 'queued')).stdout).length, 2)
})
