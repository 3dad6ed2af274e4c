import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openService } from '../support/service-here.ts'
import { openCommandLine } from './command-line.ts'
import { normal } from './normal.ts'

const ID = '01234567-89ab-7cde-8f01-23456789abcd'

/** What each command leaves on a terminal of 80 columns, for a job that completed and one that waits. */
const PLAIN: readonly (readonly [line: string, output: readonly string[]])[] = [
  ['longshore watch $job', ['✓ …6789abcd completed  1 of 1 files, 6 B']],
  [
    'longshore files $job',
    ['STATUS  SIZE  FILE', 'done     6 B  s3://longshore/datasets/01234567-…7cde-8f01-23456789abcd/hello.txt'],
  ],
  ['longshore cancel $later', [`${ID} is cancelled`]],
  ['longshore retry $later', [`${ID} is queued`, `To watch it: longshore watch ${ID}`]],
  ['longshore watch $later', ['✓ …6789abcd completed  1 of 1 files, 6 B']],
  ['longshore delete $later', [`${ID} is deleted`]],
]

/** Commands whose `--json` is one document, and those that give one a line. */
const DOCUMENTS = ['job $job', 'outputs $job', 'outputs $job --download got', 'keys create', 'init words']
const LINES = ['watch $job', 'files $job', 'logs $job', 'jobs', 'cancel $later', 'delete $later']

test('every command about jobs says on a terminal what a person wants to read, and no more', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  const { run } = place.terminal
  await run('echo hello > hello.txt; job=$(longshore submit hello.txt -q -p records=1)')
  await run('later=$(longshore submit hello.txt -q --delay 3600)')
  for (const [line, output] of PLAIN) {
    const seen = await run(line)
    assert.deepEqual([normal(seen.output).split('\n'), seen.code], [output, 0], line)
  }
})

test('with --json standard output holds JSON alone, whatever the terminal shows', async () => {
  await using service = await openService()
  await using place = await openCommandLine(service.api.url, 80)
  const { run } = place.terminal
  const printed = async (command: string): Promise<string> => {
    const { code } = await run(`longshore ${command} --json > out.json`)
    assert.equal(code, 0, command)
    return readFile(join(place.folder, 'out.json'), 'utf8')
  }
  await run('echo hello > hello.txt; job=$(longshore submit hello.txt -q -p records=1); longshore watch $job')
  await run('later=$(longshore submit hello.txt -q --delay 3600)')
  for (const command of DOCUMENTS) assert.ok(JSON.parse(await printed(command)), command)
  for (const command of LINES) {
    const lines = (await printed(command)).trimEnd().split('\n')
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', command)
  }
})
