import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isSecret, SETTINGS } from '../src/settings.ts'
import { putCommand } from './cli/longshore.ts'
import { startService } from './support/service-process.ts'
import { tempFolder } from './support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** The code blocks that follow a comment with this mark. */
function blocks(mark: string, page = README): string[] {
  const pattern = new RegExp(`<!-- ${mark} -->\n\`\`\`\\w+\n(.*?)\`\`\``, 'gs')
  return [...page.matchAll(pattern)].map((match) => match[1] ?? '')
}

test('the table of settings is the table of the code', () => {
  const rows = Object.entries(SETTINGS).map(
    ([name, { fallback, meaning }]) => `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${meaning} |`,
  )
  const table = /\| setting \| default \| meaning \|\n\|---\|---\|---\|\n(.*?)\n\n/s.exec(README)?.[1]
  assert.equal(table, rows.join('\n'))
})

test('the settings that may lie in a file are the secret ones', () => {
  const named = /What is\nsecret \((.*?)\) may lie in a file/.exec(README)?.[1]
  const secrets = Object.keys(SETTINGS).filter(isSecret)
  assert.equal(named, secrets.map((name) => `\`${name}\``).join(', '))
})

test('the code shown is that of the examples', () => {
  const shown = [
    ['README.md', 'examples/minimal/main.ts'],
    ['README.md', 'examples/process/main.ts'],
    ['README.md', 'examples/client/round-trip.ts'],
    ['docs/resources.md', 'examples/resources/main.ts'],
    ['docs/command.md', 'examples/command/main.ts'],
    ['docs/command.md', 'examples/command/count_words.py'],
    ['docs/webhooks.md', 'examples/webhooks/receiver.ts'],
  ] as const
  for (const [page, path] of shown) {
    const source = readFileSync(join(ROOT, path), 'utf8')
    assert.deepEqual(blocks(path, readFileSync(join(ROOT, page), 'utf8')), [source])
  }
})

test('every command of the README does what it says, against the processor of the README', async () => {
  await using folder = await tempFolder()
  const main = join(ROOT, 'examples/minimal/main.ts')
  await using service = await startService({ DATA_DIR: join(folder.path, 'data') }, main)
  const commands = blocks('run')
  assert.equal(commands.length, 6)
  const script = commands.map((block) => `${block}\nprintf '\\n---\\n'`).join('\n')
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-euo', 'pipefail', '-c', script.replaceAll('http://127.0.0.1:8000', service.url)],
    {
      cwd: folder.path,
    },
  )
  const [first, form, inline, manifest, resumable, steering] = stdout.split('\n---\n')
  const digest = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
  assert.match(first ?? '', new RegExp(`"status":"completed".*"hello.txt":"${digest}"`))
  for (const answer of [form, inline]) assert.match(answer ?? '', /"job_id":"[0-9a-f-]{36}","status":"queued"/)
  assert.match(manifest ?? '', new RegExp(`"status":"completed".*"hello.txt":"${digest}"`))
  assert.match(resumable ?? '', /"status":"completed"/)
  assert.match(steering ?? '', /event: job\.completed/)
  assert.match(steering ?? '', /"code":"JOB_FINAL"/)
})

test('every command line of the README does what it says', async () => {
  await using folder = await tempFolder()
  const main = join(ROOT, 'examples/minimal/main.ts')
  await using service = await startService({ DATA_DIR: join(folder.path, 'data') }, main)
  await putCommand(folder.path)
  await writeFile(join(folder.path, 'hello.txt'), 'hello\n')
  const [script = ''] = blocks('longshore')
  const env = { ...process.env, LONGSHORE_URL: service.url, PATH: `${folder.path}${delimiter}${process.env.PATH}` }
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder.path, env })
  const digest = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
  assert.match(stdout, new RegExp(`^\\{\n  "digests": \\{\n    "hello.txt": "${digest}"`))
  assert.match(stdout, /^✓ {2}[0-9a-f-]{36} {2}completed .* 1 of 1 files, 6 B$/m)
  assert.match(stdout, /^labels {6}run=42$/m)
  assert.match(stdout, /^[0-9a-f-]{36} is deleted$/m)
})
