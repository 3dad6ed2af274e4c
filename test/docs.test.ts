import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { putCommand } from './cli/longshore.ts'
import { startService } from './support/service-process.ts'
import { tempFolder } from './support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '..')
const DOCS = globSync('docs/*.md', { cwd: ROOT }).sort()
const PAGES = ['README.md', 'client/README.md', ...DOCS, ...globSync('examples/*/README.md', { cwd: ROOT })]
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Code blocks with the mark above them, if they have one. */
function blocks(page: string): { mark: string | undefined; language: string; code: string }[] {
  const pattern = /(?:<!-- (\S+) -->\n)?^```(\w+)\n(.*?)^```$/gms
  return [...read(page).matchAll(pattern)].map(([, mark, language = '', code = '']) => ({ mark, language, code }))
}

/** What GitHub makes of a headline, to link to it. */
function anchorsOf(page: string): string[] {
  const headlines = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, headline = '']) => headline)
  return headlines.map((headline) =>
    headline
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('code that is shown under the name of a file is that file', () => {
  const shown = PAGES.flatMap((page) => blocks(page).map((block) => ({ page, ...block })))
  const ofFiles = shown.filter(({ mark }) => mark?.includes('/'))
  assert.ok(ofFiles.length >= 10, `only ${ofFiles.length} were found`)
  for (const { page, mark, code } of ofFiles) assert.equal(code, read(mark ?? ''), `${page} shows another ${mark}`)
})

test('TypeScript in the docs is taken from files that tests run', () => {
  for (const page of DOCS) {
    const loose = blocks(page).filter(({ language, mark }) => language === 'ts' && !mark?.includes('/'))
    assert.deepEqual(loose, [], page)
  }
})

test('every link to a file or a headline leads somewhere', () => {
  for (const page of [...PAGES, 'llms.txt', 'CHANGELOG.md']) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      assert.ok(existsSync(join(ROOT, file)), `${page} links to ${target}`)
      if (anchor && file.endsWith('.md')) assert.ok(anchorsOf(file).includes(anchor), `${page} links to ${target}`)
    }
  }
})

test('every page stands in the index and in llms.txt', () => {
  for (const page of DOCS.filter((each) => each !== 'docs/README.md')) {
    assert.ok(read('docs/README.md').includes(`](${page.replace('docs/', '')})`), `docs/README.md lacks ${page}`)
    assert.ok(read('llms.txt').includes(`](${page})`), `llms.txt lacks ${page}`)
  }
})

/** Pages with commands to run: against which example, with which settings, and what must be printed, in this order. */
const RUNS: Readonly<Record<string, { main: string; settings?: Record<string, string>; prints: readonly RegExp[] }>> = {
  'docs/submit.md': {
    main: 'minimal',
    prints: [
      /"hello\.txt": "5891b5b522d5/,
      /"status":"completed".*?"priority":5.*?"labels":\{"run":"42"\}/,
      /"labels":\{"run":"42"\}/,
      /HTTP\/1\.1 202/,
      /^idempotency-replayed: true/im,
    ],
  },
  'docs/outputs.md': {
    main: 'outputs',
    prints: [/artifacts_00000\.tar/, /report\/summary\.txt/, /responses_00000\.jsonl/, /"sha256":"[0-9a-f]{64}"/],
  },
  'docs/cancel.md': { main: 'minimal', prints: [/"status":"cancelled".*?"cancel_requested_at":"2/] },
  'docs/retries.md': {
    main: 'retries',
    settings: { RETRY_BASE_SECONDS: '0' },
    prints: [/"lines": 2,\s*"attempts": 2/, /^exit code 1$/m, /failed/, /UNRECOVERABLE/, /queued/],
  },
}

for (const [page, { main, settings, prints }] of Object.entries(RUNS)) {
  test(`the commands of ${page} do what it says`, async () => {
    await using folder = await tempFolder()
    const data = { DATA_DIR: join(folder.path, 'data'), ...settings }
    await using service = await startService(data, join(ROOT, `examples/${main}/main.ts`))
    await putCommand(folder.path)
    const script = blocks(page)
      .filter(({ mark }) => mark === 'run')
      .map(({ code }) => code)
      .join('\n')
    const path = `${folder.path}${delimiter}${process.env.PATH}`
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['-euo', 'pipefail', '-c', script.replaceAll('http://127.0.0.1:8000', service.url)],
      { cwd: folder.path, env: { ...process.env, LONGSHORE_URL: service.url, PATH: path } },
    )
    let rest = stdout
    for (const pattern of prints) {
      const found = pattern.exec(rest)
      assert.ok(found, `${pattern} is not in what is left of\n${stdout}\n${stderr}\nthat is:\n${rest}`)
      rest = rest.slice(found.index + found[0].length)
    }
  })
}

test('every page with commands to run has them run', () => {
  const withCommands = DOCS.filter((page) => blocks(page).some(({ mark }) => mark === 'run'))
  const runElsewhere = new Set(['docs/resources.md'])
  assert.deepEqual(
    withCommands.filter((page) => !(page in RUNS) && !runElsewhere.has(page)),
    [],
  )
})

test('the test that the docs show passes', async () => {
  const args = ['--conditions=longshore-source', '--test', 'examples/testing/processor.test.ts']
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
  assert.match(stdout, /pass 1\b/)
})
