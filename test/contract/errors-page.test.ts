import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ERRORS } from '../../src/base/errors.ts'

test('docs/errors.md and the error table have the same rows', async () => {
  const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (\d+) +\| (yes|no) +\| (.*?) +\|$/gm)]
  const documented = rows.map(([, code, status, retryable, title]) => [
    code,
    Number(status),
    retryable === 'yes',
    title,
  ])
  const coded = Object.entries(ERRORS).map(([code, row]) => [code, row.status, row.retryable, row.title])
  assert.deepEqual(documented, coded)
})

test('docs/errors.md says of every code what it means and what to do, in the order of the table', async () => {
  const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const explained = [...page.matchAll(/^- \*\*`(\w+)`\*\* \S.{20,}\.$/gm)].map(([, code]) => code)
  assert.deepEqual(explained, Object.keys(ERRORS))
})
