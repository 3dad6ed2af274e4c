import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { isSecret, SETTINGS } from '../src/settings.ts'

/** Writes the settings of the code into the schema of the Helm chart's values; with `--check` only says whether they are there. */
const path = fileURLToPath(new URL('../deploy/helm/longshore/values.schema.json', import.meta.url))

/** What the chart sets itself, by the role of a replica. */
const CHARTS_OWN: ReadonlySet<string> = new Set(['HOST', 'PORT', 'ROLE', 'DATA_DIR', 'MIGRATE_ON_START'])

const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]
const before = JSON.parse(readFileSync(path, 'utf8'))
const after = structuredClone(before)
after.properties.settings.properties = Object.fromEntries(
  names.filter((name) => !isSecret(name) && !CHARTS_OWN.has(name)).map((name) => [name, schemaOf(name)]),
)
after.properties.secrets.properties = Object.fromEntries(
  names.filter(isSecret).map((name) => [name, { $ref: '#/definitions/at' }]),
)

if (!process.argv.includes('--check')) {
  writeFileSync(path, JSON.stringify(after, null, 2))
  execFileSync('node_modules/.bin/biome', ['format', '--write', path], { cwd: new URL('..', import.meta.url) })
} else if (!isDeepStrictEqual(before, after)) {
  console.error('The chart does not know the settings of the code. Run: npm run chart-settings')
  process.exitCode = 1
}

/** What YAML may hold for a setting: numbers and flags as they are, or quoted as in the environment. */
function schemaOf(name: keyof typeof SETTINGS): object {
  const { expected, meaning: description } = SETTINGS[name]
  const [, from, to] = /^an integer from (-?\d+) to (\d+)$/.exec(expected) ?? []
  if (from !== undefined && to !== undefined) {
    const number = { type: 'integer', minimum: Number(from), maximum: Number(to) }
    return { description, anyOf: [number, { type: 'string', pattern: '^-?[0-9]+$' }] }
  }
  const [, most] = /^a number above 0 and up to (\d+)$/.exec(expected) ?? []
  if (most !== undefined) {
    const number = { type: 'number', exclusiveMinimum: 0, maximum: Number(most) }
    return { description, anyOf: [number, { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?$' }] }
  }
  if (/^a number/.test(expected)) return { description, type: ['number', 'string'] }
  if (!/^"[\w-]+"( or "[\w-]+")+$/.test(expected)) return { description, type: 'string' }
  const words = [...expected.matchAll(/"([\w-]+)"/g)].map((match) => match[1])
  return { description, enum: words.includes('true') ? [...words, true, false] : words }
}
