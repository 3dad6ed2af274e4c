import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/** Messages that a schema was not given by its author begin so, in zod's own words. */
const ZODS_OWN = /^(Invalid|Too big|Too small|Unrecognized)\b/

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'an array',
}

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'an instant like 2026-01-31T12:00:00Z',
  uuid: 'a UUID',
  url: 'a URL',
}

/** What is counted where something is too long or too short. */
const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'item', record: 'entry', file: 'byte' }

/** What was expected, and what to do where that does not say it: a schema's own message where its author gave one. */
export function wordsOf(issue: Issue): string {
  return ZODS_OWN.test(issue.message) ? inOurWords(issue) : issue.message
}

function inOurWords(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, /received (\w+)$/.exec(issue.message)?.[1])
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${counted(issue.minimum, issue.origin)}`
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${counted(issue.maximum, issue.origin)}`
    case 'invalid_value':
      return `expected ${oneOf(issue.values)}`
    case 'invalid_format':
      return `expected ${FORMATS[issue.format] ?? (issue.pattern ? `text of the form ${issue.pattern}` : issue.format)}`
    case 'unrecognized_keys':
      return `there is no ${issue.keys.map((key) => JSON.stringify(key)).join(' and no ')} to give: leave it out, or see GET /docs for what there is`
    case 'invalid_key':
      return `its name is not as expected: ${issue.issues.map(wordsOf).join('; ')}`
    case 'invalid_union':
      return ofBranches(issue.errors) ?? issue.message
    default:
      return issue.message
  }
}

function wrongType(wanted: string, received: string | undefined): string {
  const expected = `expected ${TYPES[wanted] ?? wanted}`
  if (received === 'undefined') return `is missing: ${expected}`
  if (received === undefined || received === 'NaN' || wanted === 'int') return expected
  return `${expected}, got ${TYPES[received] ?? received}`
}

/** Of several ways to give something, what is wrong with those that were meant: a list was not, where a word was given. */
function ofBranches(branches: readonly (readonly Issue[])[]): string | undefined {
  const meant = branches.filter((branch) =>
    branch.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  )
  const words = new Set((meant.length > 0 ? meant : branches).flatMap((branch) => branch.map(wordsOf)))
  return words.size === 0 ? undefined : [...words].join(', or ')
}

function counted(limit: number | bigint, origin: string): string {
  const unit = UNITS[origin]
  if (unit === undefined) return String(limit)
  return `${limit} ${limit === 1 ? unit : `${unit === 'entry' ? 'entrie' : unit}s`}`
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`
}
