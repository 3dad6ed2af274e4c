import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'dotenv'
import { SETTINGS } from '../src/settings.ts'

const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')

test('.env.example has every setting with its meaning and default, and no other', () => {
  const [, ...entries] = text.trimEnd().split('\n\n')
  const expected = Object.entries(SETTINGS).map(
    ([name, { meaning, expected: form, fallback }]) => `# ${meaning}\n# Takes ${form}.\n#${name}=${fallback}`,
  )
  assert.deepEqual(entries, expected)
})

test('.env.example copied as it is sets nothing', () => {
  assert.deepEqual(parse(text), {})
})
