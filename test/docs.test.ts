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

/** How the commands of a page are run. */
interface PageRun {
  /** The example whose service they talk to. */
  main: string
  settings?: Record<string, string>
  /** What the page takes as given. */
  given?: string
  /** What must be printed, in this order. */
  prints: readonly RegExp[]
}

const KEY = 'a-key-of-sixteen-signs'

const RUNS: Readonly<Record<string, PageRun>> = {
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
  'docs/schedules.md': {
    main: 'minimal',
    prints: [
      /"name":"reports".*?"cron":"30 2 \* \* mon-fri"/,
      /nightly fires at 30 2/,
      /^nightly .*\nreports/m,
      /^ticks +0 fired/m,
      /nightly is paused/,
      /nightly fires again/,
      /nightly is deleted/,
      /JOB .*STATUS.*\n.*does not exist/,
    ],
  },
  'docs/webhooks.md': {
    main: 'minimal',
    settings: { WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
    given:
      'echo hello > hello.txt; job=$(longshore submit hello.txt -q --callback-url https://app.example.org); longshore watch "$job" > /dev/null',
    prints: [/"job_id":"/, /app\.example\.org/, /is pending/],
  },
  'docs/secure.md': {
    main: 'minimal',
    settings: { API_KEYS: KEY },
    given: 'echo hello > hello.txt; ID=$(longshore submit hello.txt -q)',
    prints: [/LONGSHORE_API_KEY=lsk_/, /"token":"/],
  },
  'docs/observe.md': { main: 'minimal', settings: { API_KEYS: KEY }, prints: [/^longshore_jobs\{/m] },
  'docs/dashboard.md': { main: 'minimal', prints: [/The key of wall-screen/] },
}

/** Commands that are not run here, by how their block begins, and who runs them. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm run chaos': '.ci/run',
  'docker build': 'whoever builds the image: CI has no Docker engine',
  'cd deploy/compose': 'test/deploy/compose.test.ts',
  'kubectl create secret': 'nobody: there is no cluster',
  'longshore generate k8s': 'test/cli/generate.test.ts',
  'ROLE=api ': 'test/e2e',
  'S3_ENDPOINT_URL=': 'test/storage',
  'npm install longshore@latest': 'nobody: nothing is published',
  '// otel.mjs': 'tried by hand: @opentelemetry/sdk-node is no dependency',
  'const events = new EventSource': 'test/http/read-tokens.test.ts',
}

for (const [page, { main, settings, given = '', prints }] of Object.entries(RUNS)) {
  test(`the commands of ${page} do what it says`, async () => {
    await using folder = await tempFolder()
    const data = { DATA_DIR: join(folder.path, 'data'), ...settings }
    await using service = await startService(data, join(ROOT, `examples/${main}/main.ts`))
    await putCommand(folder.path)
    const commands = blocks(page).filter(({ mark }) => mark === 'run')
    const script = [given, ...commands.map(({ code }) => code)].join('\n')
    const env = { LONGSHORE_URL: service.url, ...(settings?.API_KEYS && { LONGSHORE_API_KEY: KEY, KEY }) }
    const path = `${folder.path}${delimiter}${process.env.PATH}`
    const { stdout, stderr } = await promisify(execFile)(
      'bash',
      ['-euo', 'pipefail', '-c', script.replaceAll(/http:\/\/(127\.0\.0\.1|localhost):8000/g, service.url)],
      { cwd: folder.path, env: { ...process.env, ...env, PATH: path } },
    )
    let rest = stdout
    for (const pattern of prints) {
      const found = pattern.exec(rest)
      assert.ok(found, `${pattern} is not in what is left of\n${stdout}\n${stderr}\nthat is:\n${rest}`)
      rest = rest.slice(found.index + found[0].length)
    }
  })
}

test('every command that is shown is run, here or elsewhere', () => {
  const shown = DOCS.flatMap((page) => blocks(page).map((block) => ({ page, ...block })))
  const commands = shown.filter(({ language }) => ['sh', 'bash', 'js'].includes(language))
  const loose = commands.filter(({ page, mark, code }) => {
    if (mark === 'run') return !(page in RUNS) && page !== 'docs/resources.md'
    return mark === undefined && !Object.keys(NOT_RUN).some((begin) => code.startsWith(begin))
  })
  assert.deepEqual(loose, [])
  for (const begin of Object.keys(NOT_RUN)) {
    assert.ok(
      commands.some(({ code }) => code.startsWith(begin)),
      `no block begins with ${begin}`,
    )
  }
})

test('the test that the docs show passes', async () => {
  const args = ['--conditions=longshore-source', '--test', 'examples/testing/processor.test.ts']
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
  assert.match(stdout, /pass 1\b/)
})
