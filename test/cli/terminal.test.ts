import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openService } from '../support/service-here.ts'
import { openCommandLine } from './command-line.ts'
import { holdParts } from './held-parts.ts'
import { normal } from './normal.ts'

test('submit --wait tells how to resume, shows the job to its end on one line, and prints the result', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  await writeFile(join(place.folder, 'a b.txt'), 'hello\n')
  const { output, code } = await place.terminal.run("longshore submit 'a b.txt' --wait -p workMs=40")
  assert.equal(
    normal(output),
    [
      'Job 01234567-89ab-7cde-8f01-23456789abcd',
      'To resume, should the upload break off:',
      "  longshore submit 'a b.txt' --resume 01234567-89ab-7cde-8f01-23456789abcd --wai",
      't',
      'Uploading done: 1 file, 6 B in 1s',
      '✓ …6789abcd completed  1 of 1 files, 6 B',
      '{',
      '  "attempt": 1,',
      '  "resumedFrom": 0,',
      '  "digests": {',
      '    "a b.txt": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
      '"',
      '  }',
      '}',
    ].join('\n'),
  )
  assert.equal(code, 0)
})

/** A service with a job that completed, one that failed with a long message, and one that waits. */
async function withThreeJobs(url: string, run: (line: string) => Promise<{ output: string }>): Promise<void> {
  await run('echo hello > hello.txt')
  await run('longshore submit hello.txt -qw')
  await run('longshore submit hello.txt -qw -p fail=unrecoverable')
  const { output } = await run('longshore submit hello.txt -q --delay 3600 --group night')
  assert.match(output, /^[0-9a-f-]{36}$/, `${url} took the job`)
}

test('jobs fit their table to the terminal: a narrow one sees the signs and the whole ids', async () => {
  await using service = await openService()
  await using wide = await openCommandLine(service.api.url, 80)
  await withThreeJobs(service.api.url, wide.terminal.run)
  const { output } = await wide.terminal.run('longshore jobs')
  assert.equal(
    normal(output),
    [
      '   JOB                                   STATUS     AGE  DETAIL',
      '○  01234567-89ab-7cde-8f01-23456789abcd  queued      0s  due in 59m',
      '✗  01234567-89ab-7cde-8f01-23456789abcd  failed      0s  this can never work',
      '✓  01234567-89ab-7cde-8f01-23456789abcd  completed   0s  1 of 1 files, 6 B',
    ].join('\n'),
  )
  await using narrow = await openCommandLine(service.api.url, 40)
  const small = await narrow.terminal.run('longshore jobs')
  assert.equal(
    normal(small.output),
    [
      '   JOB',
      '○  01234567-89ab-7cde-8f01-23456789abcd',
      '✗  01234567-89ab-7cde-8f01-23456789abcd',
      '✓  01234567-89ab-7cde-8f01-23456789abcd',
    ].join('\n'),
  )
})

test('colours are for terminals, and NO_COLOR turns them off', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  await withThreeJobs(service.api.url, place.terminal.run)
  const esc = String.fromCharCode(27)
  const coloured = await place.terminal.run('longshore jobs', { escapes: true })
  assert.ok(coloured.output.includes(`${esc}[31m✗`), coloured.output)
  const plain = await place.terminal.run('NO_COLOR=1 longshore jobs', { escapes: true })
  assert.ok(!plain.output.includes(esc), plain.output)
  const piped = await place.terminal.run('longshore jobs | cat', { escapes: true })
  assert.ok(!piped.output.includes(esc), piped.output)
})

test('a reader that has seen enough ends the command quietly', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  await withThreeJobs(service.api.url, place.terminal.run)
  await place.terminal.run('set -o pipefail')
  assert.deepEqual(await place.terminal.run('longshore jobs --json | true'), { output: '', code: 0 })
})

test('an output that cannot be written ends the command with 1 and says why', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  const { output, code } = await place.terminal.run('longshore jobs --help > /dev/full')
  assert.deepEqual([output, code], ['error: the output cannot be written: ENOSPC: no space left on device, write', 1])
})

test('Ctrl-C in the middle of an upload tells the command that resumes it, and that command sends only the rest', async () => {
  await using service = await openService()
  await using relay = await holdParts(service.api.url, 2)
  await using place = await openCommandLine(relay.url, 80)
  const { terminal } = place
  await terminal.run('head -c 26214400 /dev/urandom > big.bin; sha256sum big.bin')
  await terminal.enter('longshore submit big.bin --wait')
  await relay.held
  await terminal.shows(/Uploading █+░+ 40% {2}10 MiB of 25 MiB/)
  await terminal.press('C-c')
  const { output, code } = await terminal.ended()
  assert.equal(code, 130)
  assert.match(normal(output), /^Interrupted; what has arrived is kept until .*\.\nTo resume:\n/m)
  assert.doesNotMatch(output, /error|\^C\n.*█/)
  const resume = output.split('To resume:\n')[1]?.replaceAll('\n', '').trim() ?? ''
  assert.match(resume, /^longshore submit big\.bin --resume [0-9a-f-]{36} --wait$/)

  const { passed } = relay
  relay.release()
  const resumed = await terminal.run(resume)
  assert.equal(resumed.code, 0)
  assert.equal(relay.passed - passed, 3)
  const digest = createHash('sha256')
    .update(await readFile(join(place.folder, 'big.bin')))
    .digest('hex')
  assert.ok(resumed.output.replaceAll('\n', '').includes(`"big.bin": "${digest}"`), resumed.output)
})

test('Ctrl-C while a job is waited for leaves the job alone, and says how to go on', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  const { terminal } = place
  await terminal.run('echo hello > hello.txt')
  const { output: id } = await terminal.run('longshore submit hello.txt -q -p workMs=60000')
  await terminal.enter(`longshore watch ${id}`)
  await terminal.shows(/● …[0-9a-f]{8} processing +\d+%/)
  await terminal.press('C-c')
  const { output, code } = await terminal.ended()
  assert.equal(code, 130)
  const told = [
    'The waiting has ended, the job goes on.',
    'To watch again:  longshore watch 01234567-89ab-7cde-8f01-23456789abcd',
    'To cancel:       longshore cancel 01234567-89ab-7cde-8f01-23456789abcd',
  ]
  assert.ok(normal(output).includes(told.join('\n')), output)
  assert.equal((await terminal.run(`longshore cancel ${id}`)).output, `${id} will stop`)
  const watched = await terminal.run(`longshore watch ${id}`)
  assert.match(watched.output, /^– …[0-9a-f]{8} cancelled/m)
  assert.equal(watched.code, 1)
})

test('logs -f goes on until the job has ended, also when nothing but a timer is left to wait for', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  await place.terminal.run('echo hello > hello.txt')
  const { output: id } = await place.terminal.run('longshore submit hello.txt -q -p workMs=1000')
  const { output, code } = await place.terminal.run(
    `longshore logs -f ${id} | cut -c 1-33; longshore job ${id} | grep status`,
  )
  assert.equal(normal(output), '03:04:05 info  attempt 1 begins\nstatus      ✓ completed')
  assert.equal(code, 0)
})
