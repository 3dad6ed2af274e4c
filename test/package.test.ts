import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, posix, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { tempFolder } from './support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** The files that npm would publish of a folder. */
async function packed(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  })
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  return files.map(({ path }) => path)
}

test('what the pages of the package point to is in the package', async () => {
  const files = await packed(ROOT)
  const pages = files.filter((path) => /^(README\.md|llms\.txt|docs\/.*\.md)$/.test(path))
  assert.ok(pages.length > 15, pages.join(' '))
  const dead = pages.flatMap((page) => {
    const links = readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)
    const targets = [...links].map(([, link = '']) => posix.join(posix.dirname(page), link).replace(/\/$/, ''))
    const isThere = (target: string) => files.some((path) => path === target || path.startsWith(`${target}/`))
    return targets.filter((target) => !isThere(target)).map((target) => `${page}: ${target}`)
  })
  assert.deepEqual(dead, [])
})

test('the package holds no secret, no data and no download that lies about where it is made', async () => {
  await using folder = await tempFolder()
  for (const path of ['package.json', '.gitignore', 'deploy']) {
    await cp(join(ROOT, path), join(folder.path, path), { recursive: true })
  }
  const kept = [
    'deploy/compose/secrets/api_keys',
    'deploy/compose/secrets/database_url',
    'deploy/compose/.env',
    'deploy/helm/longshore/charts/other/Chart.yaml',
    'deploy/helm/longshore-0.1.0.tgz',
    'examples/minimal/data/longshore.db',
    'examples/minimal/.env',
  ]
  for (const path of kept) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), 'x')
  }
  const files = await packed(folder.path)
  assert.ok(files.includes('deploy/compose/compose.yaml'))
  assert.deepEqual(
    files.filter((path) => kept.includes(path)),
    [],
  )
})
