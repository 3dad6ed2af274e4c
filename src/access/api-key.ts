import { createHash } from 'node:crypto'
import { SCOPES, type Scope } from '../contract/routes.ts'

/** One key that lets somebody in. */
export interface ApiKey {
  /** What logs call it. */
  readonly name: string
  /** The tenant whose jobs it reaches; null reaches those of all. */
  readonly tenant: string | null
  readonly scopes: readonly Scope[]
  /** SHA-256 of the key: the key itself is kept nowhere. */
  readonly digest: Buffer
  /** From then on it is refused, in ms since 1970; null means never. */
  readonly expiresAt: number | null
}

/** What is wrong with an entry, for whoever wrote it. Never quotes the entry: it may hold a key. */
export class KeyEntryFault extends Error {}

/** What marks an entry as the SHA-256 of a key, so that the configuration need not hold the key itself. */
const HASHED = 'sha256:'

/** A tenant's name: a plain word, because it stands in entries, on command lines and in logs. */
const TENANT_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

const KEY_NAME = /^[\w.@-]{1,64}$/

/** The entry that lets a key in without being the key. Attributes that are left out say: all scopes, no tenant, for ever. */
export function formatKeyEntry(
  key: string,
  {
    name,
    tenant,
    scopes,
    expires,
  }: { name?: string; tenant?: string; scopes?: readonly Scope[]; expires?: string } = {},
): string {
  const attributes = { scopes: scopes?.join('+'), tenant, name, expires }
  const written = Object.entries(attributes).flatMap(([word, value]) =>
    value === undefined ? [] : `;${word}=${value}`,
  )
  return `${HASHED}${digestOf(key).toString('hex')}${written.join('')}`
}

/**
 * Reads an entry: a key of at least 16 characters, which may do everything, or
 * `sha256:<64 hex digits>[;scopes=read+submit][;tenant=…][;name=…][;expires=…]`. Throws {@link KeyEntryFault}.
 */
export function parseKeyEntry(entry: string): ApiKey {
  if (!entry.startsWith(HASHED)) return plainKey(entry)
  const [hash = '', ...attributes] = entry.slice(HASHED.length).split(';')
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new KeyEntryFault('expected 64 hexadecimal digits in lower case after sha256:')
  const given = readAttributes(attributes)
  return {
    name: given.get('name') ?? nameOf(hash),
    tenant: given.get('tenant') ?? null,
    scopes: readScopes(given.get('scopes')),
    digest: Buffer.from(hash, 'hex'),
    expiresAt: given.has('expires') ? Date.parse(given.get('expires') ?? '') : null,
  }
}

/** Whether an entry can be read. */
export function isKeyEntry(entry: string): boolean {
  try {
    parseKeyEntry(entry)
    return true
  } catch {
    return false
  }
}

/** The SHA-256 of a key. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function plainKey(key: string): ApiKey {
  if (!/^[\x21-\x7e]{16,}$/.test(key)) throw new KeyEntryFault('expected a key of at least 16 printable characters')
  const digest = digestOf(key)
  return { name: nameOf(digest.toString('hex')), tenant: null, scopes: SCOPES, digest, expiresAt: null }
}

/** Enough of the hash to tell keys apart, too little to search for a key with. */
function nameOf(hash: string): string {
  return `key-${hash.slice(0, 6)}`
}

const ATTRIBUTES: Readonly<Record<string, { accepts(value: string): boolean; expected: string }>> = {
  scopes: {
    accepts: (value) => value.split('+').every(isScope),
    expected: `${SCOPES.join(', ')}, several joined by +`,
  },
  tenant: { accepts: (value) => TENANT_NAME.test(value), expected: 'up to 64 letters, digits, - _ and .' },
  name: { accepts: (value) => KEY_NAME.test(value), expected: 'up to 64 letters, digits, - _ . and @' },
  expires: { accepts: isInstant, expected: 'a date like 2027-01-31 or an instant like 2027-01-31T12:00:00Z' },
}

function readAttributes(attributes: readonly string[]): Map<string, string> {
  const given = new Map<string, string>()
  for (const attribute of attributes) {
    const cut = attribute.indexOf('=')
    const word = attribute.slice(0, Math.max(0, cut))
    const value = attribute.slice(cut + 1)
    const known = Object.hasOwn(ATTRIBUTES, word) ? ATTRIBUTES[word] : undefined
    if (known === undefined) throw new KeyEntryFault(`expected attributes ${Object.keys(ATTRIBUTES).join('=, ')}=`)
    if (given.has(word)) throw new KeyEntryFault(`${word} is given twice`)
    if (!known.accepts(value)) throw new KeyEntryFault(`expected ${word} to be ${known.expected}`)
    given.set(word, value)
  }
  return given
}

function readScopes(written: string | undefined): readonly Scope[] {
  return written === undefined ? SCOPES : SCOPES.filter((scope) => written.split('+').includes(scope))
}

/** Whether a word names a scope. */
function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}

function isInstant(value: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(value) && !Number.isNaN(Date.parse(value))
  )
}
