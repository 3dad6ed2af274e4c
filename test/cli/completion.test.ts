import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { cli } from './cli.ts'
import { SHELLS } from './shells.ts'

/** What is offered at the end of a line, among other things. */
const OFFERED: Readonly<Record<string, readonly string[]>> = {
  'longshore ': ['serve', 'init', 'doctor', 'keys', 'completion', 'job'],
  'longshore keys ': ['create', 'help'],
  'longshore completion ': ['bash', 'zsh', 'fish'],
  'longshore serve --': ['--export', '--port', '--data-dir'],
  'longshore keys create --name x --': ['--json', '--quiet'],
}

for (const [name, shell] of Object.entries(SHELLS)) {
  test(`${name} completes commands, options and choices, and only those that fit`, async (context) => {
    if (!shell.isThere()) return context.skip(`${name} is not installed`)
    for (const [line, words] of Object.entries(OFFERED)) {
      await using home = await tempFolder()
      const offer = await shell.complete(line, { HOME: home.path }, words[0])
      for (const word of words) assert.match(offer, new RegExp(`(^|\\s)${word}($|\\s)`, 'm'), line)
      for (const word of ['--watch', 'completion-jobs', 'completion-schedules']) {
        if (line !== 'longshore serve --') assert.doesNotMatch(offer, new RegExp(word), line)
      }
    }
  })

  test(`${name} completes the ids of jobs`, async (context) => {
    if (!shell.isThere()) return context.skip(`${name} is not installed`)
    await using home = await tempFolder()
    await using service = await openService()
    const ids = [await service.api.upload({ a: '1' }), await service.api.upload({ a: '2' })]
    const env = { HOME: home.path, LONGSHORE_URL: service.api.url }
    const offer = await shell.complete('longshore job ', env, ids[0])
    for (const id of ids) assert.ok(offer.includes(id), offer)
  })

  test(`${name} completes the names of schedules`, async (context) => {
    if (!shell.isThere()) return context.skip(`${name} is not installed`)
    await using home = await tempFolder()
    await using service = await openService()
    const job = { manifest_uri: 's3://longshore/list.jsonl' }
    for (const schedule of ['nightly', 'noon']) {
      await service.api.post('/schedules', { name: schedule, cron: '@daily', job })
    }
    const env = { HOME: home.path, LONGSHORE_URL: service.api.url }
    const offer = await shell.complete('longshore schedules pause n', env, 'nightly')
    for (const schedule of ['nightly', 'noon']) assert.ok(offer.includes(schedule), offer)
  })

  test(`${name} offers nothing, and says nothing, when the service is away`, async (context) => {
    if (!shell.isThere() || name === 'zsh') return context.skip('not here, or it shows what was typed')
    await using home = await tempFolder()
    const offer = await shell.complete('longshore job ', { HOME: home.path, LONGSHORE_URL: 'http://127.0.0.1:9' })
    assert.equal(offer.trim(), '')
  })
}

test('bash completes after an equals sign as after a blank', async () => {
  await using home = await tempFolder()
  const offer = await SHELLS.bash.complete('longshore keys create --name = ', { HOME: home.path })
  assert.equal(offer.trim(), '')
})

test('a shell that is not known is refused with those that are', async () => {
  const { code, stdout, stderr } = await cli(['completion', 'tcsh'])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish\./)
})

test('help says where each script goes', async () => {
  const { stdout } = await cli(['completion', '--help'])
  for (const place of ['bash-completion/completions/longshore', '/_longshore', 'fish/completions/longshore.fish']) {
    assert.ok(stdout.includes(place), stdout)
  }
})
