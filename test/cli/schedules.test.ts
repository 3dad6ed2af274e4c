import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openService } from '../support/service-here.ts'
import { cli } from './cli.ts'

async function open() {
  const service = await openService()
  const run = (...args: string[]) => cli(['schedules', ...args], { env: { LONGSHORE_URL: service.api.url } })
  return { service, run, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
}

const CREATE = ['create', 'nightly', '30 2 * * *', '--file', 's3://longshore/a.dat']

test('a schedule is created, listed, shown, paused, resumed, fired and deleted', async () => {
  await using place = await open()
  const { run } = place
  const created = await run(...CREATE, '--timezone', 'Europe/Berlin', '--priority', '3', '--memory', '1GiB')
  assert.deepEqual([created.code, created.stderr], [0, ''])
  assert.match(created.stdout, /^nightly fires at 30 2 \* \* \* \(Europe\/Berlin\), next \d{4}-/)
  assert.match(
    (await run('list')).stdout,
    /^SCHEDULE +CRON +ZONE +NEXT +LAST +FIRED +MISSED\nnightly +30 2 \* \* \* +Europe/,
  )
  const shown = await run('show', 'nightly')
  for (const line of [
    /^schedule +nightly$/m,
    /^overlap +skip$/m,
    /^ticks +0 fired, 0 missed/m,
    /"priority": 3/,
    /"memory_bytes": 1073741824/,
  ]) {
    assert.match(shown.stdout, line)
  }
  assert.equal((await run('pause', 'nightly')).stdout, 'nightly is paused\n')
  assert.match((await run('list')).stdout, /nightly .* paused/)
  assert.match((await run('resume', 'nightly')).stdout, /^nightly fires again, next /)
  const fired = await run('run', 'nightly')
  assert.match(fired.stdout, /^[0-9a-f-]{36}\n$/)
  const jobs = await cli(['jobs', '--schedule', 'nightly', '--json'], { env: { LONGSHORE_URL: place.service.api.url } })
  assert.equal(JSON.parse(jobs.stdout).job_id, fired.stdout.trim())
  assert.equal((await run('delete', 'nightly')).stdout, 'nightly is deleted\n')
  assert.equal((await run('list')).stderr, 'There are no schedules.\n')
})

test('--json prints what the service answered', async () => {
  await using place = await open()
  const { run } = place
  const created = JSON.parse((await run(...CREATE, '--json')).stdout)
  assert.deepEqual(JSON.parse((await run('list', '--json')).stdout), created)
  assert.deepEqual(JSON.parse((await run('show', 'nightly', '--json')).stdout), created)
  assert.deepEqual(created.job, { manifest_inline: { files: ['s3://longshore/a.dat'] } })
})

test('a name that is taken is replaced only with --replace', async () => {
  await using place = await open()
  const { run } = place
  await run(...CREATE)
  const refused = await run(...CREATE, '--overlap', 'allow')
  assert.deepEqual([refused.code, refused.stdout], [1, ''])
  assert.match(refused.stderr, /There is a schedule nightly already/)
  assert.equal((await run(...CREATE, '--overlap', 'allow', '--replace', '--json')).code, 0)
  assert.equal(JSON.parse((await run('show', 'nightly', '--json')).stdout).overlap, 'allow')
})

test('what is wrong is said, with what was expected', async () => {
  await using place = await open()
  const { run } = place
  const bad = await run('create', 'nightly', '61 * * * *', '--file', 's3://longshore/a.dat')
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /the minute \(field 1 of 5\) cannot be "61"; expected 0-59/)
  const nothing = await run('create', 'nightly', '@daily')
  assert.equal(nothing.code, 2)
  assert.match(nothing.stderr, /--manifest, or one or more --file/)
  const missing = await run('show', 'nobody')
  assert.deepEqual([missing.code, missing.stdout], [1, ''])
  assert.match(missing.stderr, /There is no schedule nobody/)
})
