import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { UnrecoverableError } from '../../src/index.ts'
import { openScriptedService } from '../support/scripted-service.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type CliEnd, cli } from './cli.ts'
import { normal } from './normal.ts'

const ID = /^[0-9a-f-]{36}\n$/

/** A service, a folder with two files, and the command that speaks to the one from the other. */
async function open(settings: Record<string, string> = {}) {
  const service = await openService(settings)
  const folder = await tempFolder()
  const file = join(folder.path, 'hello.txt')
  await writeFile(file, 'hello\n')
  return {
    file,
    folder: folder.path,
    url: service.api.url,
    run: (...args: string[]): Promise<CliEnd> => cli(args, { env: { LONGSHORE_URL: service.api.url } }),
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('submit prints the id alone on standard output, and the job with --json', async () => {
  await using place = await open()
  const { code, stdout, stderr } = await place.run('submit', place.file)
  assert.equal(code, 0)
  assert.match(stdout, ID)
  assert.equal(
    normal(stderr, { [place.file]: 'hello.txt' }),
    [
      'Job 01234567-89ab-7cde-8f01-23456789abcd',
      'To resume, should the upload break off:',
      '  longshore submit hello.txt --resume 01234567-89ab-7cde-8f01-23456789abcd',
      'Uploading done: 1 file, 6 B in 1s',
      'To watch it: longshore watch 01234567-89ab-7cde-8f01-23456789abcd',
      '',
    ].join('\n'),
  )
  const options = [
    '-l',
    'run=42',
    '--priority',
    '3',
    '--group',
    'g',
    '--delay',
    '60',
    '--max-attempts',
    '2',
    '--timeout',
    '9',
  ]
  const described = await place.run('submit', place.file, '--json', '--quiet', '-p', 'workMs=5', ...options)
  assert.equal(described.stderr, '')
  const job = JSON.parse(described.stdout)
  assert.deepEqual(
    [job.status, job.labels, job.priority, job.group, job.max_attempts, job.timeout_seconds, job.parameters.workMs],
    ['queued', { run: '42' }, 3, 'g', 2, 9, 5],
  )
})

test('submit --output waits, downloads, and prints the result; a second time nothing is fetched', async () => {
  await using place = await open()
  const out = join(place.folder, 'out')
  const first = await place.run('submit', place.file, '-p', 'records=2', '--output', out, '--json')
  assert.equal(first.code, 0, first.stderr)
  const job = JSON.parse(first.stdout)
  assert.equal(job.status, 'completed')
  assert.ok(job.downloaded.length >= 3)
  for (const { path, size_bytes } of job.downloaded) assert.equal((await readFile(path)).length, size_bytes)
  const again = await place.run('outputs', job.job_id, '--download', out, '--json')
  const count = job.downloaded.length
  assert.ok(again.stderr.endsWith(`because they were there already: ${count} of ${count}\n`), again.stderr)
  const [{ path }] = job.downloaded
  await writeFile(path, 'changed')
  const kept = await place.run('outputs', job.job_id, '--download', out)
  assert.deepEqual([kept.code, kept.stdout], [1, ''])
  assert.doesNotMatch(kept.stderr, /done/)
  const replaced = await place.run('outputs', job.job_id, '--download', out, '--overwrite')
  assert.equal(replaced.code, 0, replaced.stderr)
  assert.deepEqual(
    JSON.parse(again.stdout).map(({ skipped }: { skipped: boolean }) => skipped),
    job.downloaded.map(() => true),
  )
})

test('outputs lists what a job left, for people and for programs', async () => {
  await using place = await open()
  const submitted = await place.run('submit', place.file, '-p', 'bulkMiB=1', '--wait', '--json')
  const { job_id } = JSON.parse(submitted.stdout)
  const { stdout } = await place.run('outputs', job_id)
  assert.equal(
    normal(stdout),
    [
      ' SIZE  TYPE                      OUTPUT',
      '1 MiB  application/octet-stream  s3://longshore/results/01234567-89ab-7cde-8f01-23456789abcd/bulk.bin',
      '',
    ].join('\n'),
  )
  const [output] = JSON.parse((await place.run('outputs', job_id, '--json')).stdout)
  assert.equal(output.size_bytes, 1024 * 1024)
})

test('submit --dir takes what the patterns choose, named by path', async () => {
  await using place = await open()
  await mkdir(join(place.folder, 'sub'))
  await writeFile(join(place.folder, 'sub/a.dat'), 'a')
  await writeFile(join(place.folder, 'sub/b.tmp'), 'b')
  const { stdout } = await place.run(
    'submit',
    '--dir',
    place.folder,
    '--include',
    '**/*',
    '--exclude',
    '**/*.tmp',
    '-qw',
  )
  assert.deepEqual(Object.keys(JSON.parse(stdout).digests), ['hello.txt', 'a.dat'])
})

test('a job that fails is shown with every attempt, and ends the command that waits with 1', async () => {
  await using place = await open({ MAX_ATTEMPTS: '2' })
  const { code, stdout, stderr } = await place.run('submit', place.file, '-w', '-p', 'fail=always', '-l', 'run=42')
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(normal(stderr), /^✗ …6789abcd failed {5}attempt 2 failed$/m)
  const [job] = (await place.run('jobs', '--status', 'failed', '--label', 'run=42', '--json')).stdout.split('\n')
  const { job_id } = JSON.parse(job ?? '')
  const detail = (await place.run('job', job_id)).stdout
  assert.equal(
    normal(detail.slice(0, detail.indexOf('\n\nparameters'))),
    [
      'job         01234567-89ab-7cde-8f01-23456789abcd',
      'status      ✗ failed',
      'error       attempt 2 failed',
      'processor   fixture 1.2.3',
      'attempt     2 of 2, of at most 1h each',
      'files       0 of 1 done, 6 B',
      'created     2026-01-02 03:04:05 (now)',
      'started     2026-01-02 03:04:05 (now)',
      'ended       2026-01-02 03:04:05 (now), took 1s',
      'labels      run=42',
      '',
      'errors',
      '  attempt 1, 2026-01-02 03:04:05 (now): PROCESSOR_FAILED',
      '  attempt 1 failed',
      '  attempt 2, 2026-01-02 03:04:05 (now): PROCESSOR_FAILED',
      '  attempt 2 failed',
    ].join('\n'),
  )
  const logs = (await place.run('logs', job_id)).stdout
  assert.match(
    normal(logs),
    /^03:04:05 info {2}attempt 1 begins {2}\{.*\}\nattempt 2\n03:04:05 info {2}attempt 2 begins/,
  )
})

test('logs -f tells every line once and ends with the job', async () => {
  await using place = await open()
  const { stdout } = await place.run('submit', place.file, '-q', '-p', 'workMs=300')
  const followed = await place.run('logs', '-f', '--json', stdout.trim())
  const messages = followed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).message)
  assert.deepEqual([followed.code, messages], [0, ['attempt 1 begins']])
})

test('watch --json prints the job at every change, its end last', async () => {
  await using place = await open()
  const { stdout } = await place.run('submit', place.file, '-q', '-p', 'workMs=200')
  const watched = await place.run('watch', '--json', stdout.trim())
  const jobs = watched.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(jobs.at(-1).status, 'completed')
  assert.ok(jobs.slice(0, -1).every(({ status }) => status !== 'completed'))
  assert.equal(watched.code, 0)
})

test('cancel and retry reach every job of a filter, and count it first when asked', async () => {
  await using place = await open()
  for (const run of ['a', 'a', 'b']) await place.run('submit', place.file, '-q', '--delay', '100', '-l', `run=${run}`)
  const counted = await place.run('cancel', '--label', 'run=a', '--dry-run')
  assert.deepEqual([counted.code, counted.stdout], [0, '2 jobs would be asked to stop\n'])
  const cancelled = await place.run('cancel', '--label', 'run=a', '--json')
  assert.deepEqual(JSON.parse(cancelled.stdout), { matched: 2, changed: 2 })
  const again = await place.run('cancel', '--label', 'run=b')
  assert.deepEqual([again.code, again.stdout, again.stderr], [0, '1 job asked to stop\n', ''], 'told once')
  assert.equal((await place.run('retry', '--label', 'run=b')).stderr, '')
  const retried = await place.run('retry', '--status', 'cancelled', '-q')
  assert.deepEqual([retried.code, retried.stdout, retried.stderr], [0, '2 jobs queued again\n', ''])
  for (const wrong of [['cancel'], ['retry'], ['cancel', 'id', '--all'], ['retry', 'id', '--dry-run']]) {
    assert.equal((await place.run(...wrong)).code, 2, wrong.join(' '))
  }
})

test('cancel and delete go on after a job that is refused, and say which it was', async () => {
  await using place = await open({ MAX_CONCURRENT_JOBS: '1' })
  // It has the only slot, so that what is retried waits.
  const { stdout: first } = await place.run('submit', place.file, '-q', '-p', 'workMs=60000')
  const { stdout } = await place.run('submit', place.file, '-q', '--delay', '100')
  const id = stdout.trim()
  const { code, stdout: cancelled, stderr } = await place.run('cancel', 'nope', id)
  assert.deepEqual([code, cancelled], [1, `${id} is cancelled\n`])
  assert.match(stderr, /^error: There is no job nope\..*\(JOB_NOT_FOUND\)/)
  const again = await place.run('cancel', id, '--json')
  assert.deepEqual([JSON.parse(again.stdout).status, again.stderr], ['cancelled', ''])
  const retried = await place.run('retry', id, '--json')
  assert.deepEqual([JSON.parse(retried.stdout).job_id, retried.stderr], [id, ''])
  assert.equal((await place.run('cancel', id, '-q')).code, 0)
  assert.equal((await place.run('retry', id, '-q')).stdout, `${id} is queued\n`)
  assert.equal((await place.run('cancel', first.trim(), '-q')).code, 0)
  assert.equal((await place.run('watch', id, '-q')).code, 0)
  assert.equal((await place.run('delete', id, '--json')).stdout, `{"job_id":"${id}","deleted":true}\n`)
  assert.equal((await place.run('job', id)).code, 1)
})

test('watch ends with the first job that it cannot wait for, and leaves the others', async () => {
  await using place = await open()
  const { stdout } = await place.run('submit', place.file, '-q', '-p', 'workMs=60000')
  const { code, stderr } = await place.run('watch', stdout.trim(), 'nope')
  assert.equal(code, 1)
  assert.match(stderr, /error: There is no job nope\./)
  assert.equal((await place.run('job', stdout.trim(), '--json')).stdout.includes('"status": "completed"'), false)
  assert.equal((await place.run('cancel', stdout.trim(), '-q')).code, 0)
})

test('a manifest of the store becomes a job, as JSON and as JSON Lines, with parameters and labels', async () => {
  await using place = await open()
  const { stdout: id } = await place.run('submit', place.file, '-qw', '--json')
  const object = `s3://longshore/datasets/${JSON.parse(id).job_id}/hello.txt`
  const manifests = {
    'list.json': JSON.stringify({ files: [object] }),
    'list.jsonl': `${object}\n{"uri":"${object}"}\n`,
  }
  for (const [name, text] of Object.entries(manifests)) {
    await writeFile(join(place.folder, name), text)
    const uploaded = await place.run('submit', join(place.folder, name), '-qw', '--json')
    const uri = `s3://longshore/datasets/${JSON.parse(uploaded.stdout).job_id}/${name}`
    const { code, stdout } = await place.run(
      'submit',
      '--manifest',
      uri,
      '-w',
      '--json',
      '-p',
      'workMs=1',
      '-l',
      'run=42',
    )
    const job = JSON.parse(stdout)
    assert.deepEqual([code, job.status, job.labels, job.parameters.workMs], [0, 'completed', { run: '42' }, 1])
    assert.equal(job.files.total, name === 'list.json' ? 1 : 2)
  }
})

test('a manifest that is not there, or no manifest, fails its job with the URI', async () => {
  await using place = await open()
  const { code, stderr } = await place.run('submit', '--manifest', 's3://longshore/no/list.json', '-w')
  assert.equal(code, 1)
  assert.match(stderr, /^✗ …[0-9a-f]{8} failed {5}.*s3:\/\/longshore\/no\/list\.json/m)
  const refused = await place.run('submit', '--manifest', 'list.json')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^error: .*\(INVALID_URI\)/)
})

test('a folder among the files is a usage error that names --dir', async () => {
  await using place = await open()
  const { code, stderr } = await place.run('submit', place.file, place.folder)
  assert.deepEqual(
    [code, stderr],
    [2, `error: "${place.folder}" is a folder: to upload what is in it, give --dir DIR\n`],
  )
})

test('retry --failed-files works on the files that are not done, retry alone on all', async () => {
  const seen: number[] = []
  await using service = await openScriptedService(({ files, markFile }) => {
    seen.push(files.length)
    if (files[0]) markFile(files[0], 'done')
    throw new UnrecoverableError('the others failed')
  })
  const id = await service.api.upload({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' })
  const run = (...args: string[]) => cli(args, { env: { LONGSHORE_URL: service.api.url } })
  assert.equal((await run('watch', id, '-q')).code, 1)
  assert.equal((await run('retry', id, '-q')).code, 0)
  assert.equal((await run('watch', id, '-q')).code, 1)
  assert.equal((await run('retry', id, '--failed-files', '-q')).code, 0)
  assert.equal((await run('watch', id, '-q')).code, 1)
  assert.deepEqual(seen, [3, 3, 2])
})

test('a key comes from the environment or a file, and the lack of one says so', async () => {
  await using place = await open({ API_KEYS: 'a-key-that-is-long-enough-for-this' })
  const without = await place.run('jobs')
  assert.equal(without.code, 1)
  assert.match(without.stderr, /\(UNAUTHENTICATED\)\nSet LONGSHORE_API_KEY, or name a file/)
  const key = join(place.folder, 'key')
  await writeFile(key, 'a-key-that-is-long-enough-for-this\n')
  assert.deepEqual(await place.run('jobs', '--api-key-file', key), {
    code: 0,
    stdout: '',
    stderr: 'There are no such jobs.\n',
  })
})

test('names and messages of others do not reach the terminal as commands', async () => {
  await using place = await open()
  const { stdout } = await place.run('submit', place.file, '-q', '-w', '--json', '-l', 'evil=\u001b]0;owned\u0007')
  const { job_id } = JSON.parse(stdout)
  const shown = (await place.run('job', job_id)).stdout
  assert.ok(shown.includes('evil=\\u{1b}]0;owned\\u{7}'), shown)
  assert.ok(!shown.includes('\u001b') && !stdout.includes('\u001b'))
})

test('what cannot be meant is a usage error that says what can', async () => {
  const cases: [string[], RegExp][] = [
    [['submit'], /^error: expected either files, or --manifest URI, or --dir DIR\n/],
    [['submit', 'a', '--dir', 'b'], /^error: expected either files, or/],
    [['submit', 'a', '--include', '*'], /^error: --include and --exclude choose from the files of --dir\n/],
    [['submit', 'a', '--resume', 'x', '-p', 'a=1'], /^error: --resume goes on as the upload was started/],
    [['submit', 'a', '--priority', 'high'], /Expected a whole number from -1000 to 1000\./],
    [['jobs', '--status', 'done'], /Allowed choices are queued, processing, completed, failed, cancelled\./],
    [
      ['jobs', '--url', 'localhost'],
      /^error: expected the address of the service to be an http:\/\/ or https:\/\/ URL, got "localhost"\n/,
    ],
    [['jobs', '--api-key-file', '/nowhere'], /^error: the file of --api-key-file cannot be read: ENOENT/],
  ]
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await cli(args)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, expected)
  }
})
