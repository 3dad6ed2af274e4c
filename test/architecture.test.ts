import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const SRC = resolve(import.meta.dirname, '../src')

/** Rooms by floor; an import goes to a lower floor, or stays in its room. `base` and `contract` lie beside each other. */
const FLOORS: Readonly<Record<string, number>> = {
  base: 1,
  contract: 1,
  job: 2,
  access: 2,
  storage: 2,
  'setting.ts': 2.1,
  'settings.ts': 2.2,
  'setting-layers.ts': 2.3,
  'config.ts': 2.4,
  telemetry: 3,
  engine: 3,
  output: 3,
  input: 4,
  processor: 4,
  webhook: 4,
  schedule: 4.5,
  http: 5,
  worker: 5,
  'instruments.ts': 5.5,
  'service.ts': 6,
  'serve.ts': 6.5,
  cli: 7,
  'index.ts': 7,
}

interface Import {
  from: string
  to: string
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const imports = files.flatMap(importsOf)

function importsOf(file: string): Import[] {
  const source = readFileSync(join(SRC, file), 'utf8')
  const specifiers = [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '')
  return specifiers.map((specifier) => ({
    from: file,
    to: relative(SRC, resolve(SRC, dirname(file), specifier)),
  }))
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file
}

function floorOf(file: string): number {
  const floor = FLOORS[roomOf(file)]
  assert.ok(floor !== undefined, `src/${file} stands in no room of the table`)
  return floor
}

/** Files reachable from `file`, `file` itself only if there is a way back. */
function reachableFrom(file: string): Set<string> {
  const reached = new Set<string>()
  const open = [file]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { to } of imports.filter(({ from }) => from === next)) {
      if (!reached.has(to)) open.push(to)
      reached.add(to)
    }
  }
  return reached
}

function offenders(pattern: RegExp, ...allowed: string[]): string[] {
  return files.filter((file) => !allowed.includes(file) && pattern.test(readFileSync(join(SRC, file), 'utf8')))
}

test('the house has files and imports to check', () => {
  assert.ok(files.length > 40, `only ${files.length} files were found`)
  assert.ok(imports.length > files.length, `only ${imports.length} imports were found`)
})

test('an import goes down, or stays in its room', () => {
  const wrong = imports.filter(({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from))
  assert.deepEqual(wrong, [])
})

test('no file imports itself round a circle, types included', () => {
  assert.deepEqual(
    files.filter((file) => reachableFrom(file).has(file)),
    [],
  )
})

test('the contract imports zod alone', () => {
  const wrong = files
    .filter((file) => file.startsWith('contract/'))
    .flatMap((file) =>
      [...readFileSync(join(SRC, file), 'utf8').matchAll(/from '([^.'][^']*)'/g)].map((match) => match[1]),
    )
    .filter((name) => name !== 'zod')
  assert.deepEqual(wrong, [])
})

test('only config.ts reads the environment', () => {
  assert.deepEqual(offenders(/process\.env/, 'config.ts'), [])
})

test('only clock.ts sets timers', () => {
  assert.deepEqual(offenders(/\b(setTimeout|setInterval)\b|timers\/promises/, 'base/clock.ts'), [])
})
