import { LongshoreError, messageOf } from './errors.ts'

/**
 * Parses JSON from outside. Throws `JSON_TOO_DEEP` before parsing, so that no later recursion can run out of stack, and
 * `MALFORMED_JSON` for what is not JSON or would plant a prototype (`__proto__`, `constructor.prototype`); `expected` says in its
 * error what the text was to be.
 */
export function parseJson(text: string, maxDepth: number, expected = 'JSON'): unknown {
  if (isDeeperThan(text, maxDepth)) {
    throw new LongshoreError('JSON_TOO_DEEP', `The JSON is nested more than ${maxDepth} levels deep (MAX_JSON_DEPTH).`)
  }
  try {
    return mayPlantPrototype(text) ? JSON.parse(text, refusePrototypes) : JSON.parse(text)
  } catch (failure) {
    throw new LongshoreError('MALFORMED_JSON', `Expected ${expected}: ${messageOf(failure)}.`, { cause: failure })
  }
}

/** JSON with the keys of every object in order, so that equal documents give equal text. The depth must be bounded. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isPlainObject(inner) ? Object.fromEntries(Object.entries(inner).sort(byKey)) : inner,
  )
}

const QUOTE = 34
const BACKSLASH = 92

/** Counts brackets outside strings, one pass without recursion. */
function isDeeperThan(text: string, limit: number): boolean {
  if (text.length < 2 * limit) return false
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i + 1)
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}

function endOfString(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i
    if (code === BACKSLASH) i++
  }
  return text.length
}

/** Cheap: only texts that could hold such a key, also escaped, pay for the check of every key. */
function mayPlantPrototype(text: string): boolean {
  return text.includes('__proto__') || text.includes('constructor') || text.includes('\\u00')
}

function refusePrototypes(key: string, value: unknown): unknown {
  if (key === '__proto__' || (key === 'constructor' && isPlainObject(value) && Object.hasOwn(value, 'prototype'))) {
    throw new TypeError(`the key "${key}" is not allowed`)
  }
  return value
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function byKey([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : left > right ? 1 : 0
}
