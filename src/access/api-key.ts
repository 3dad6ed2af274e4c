import { createHash } from 'node:crypto'
import { SCOPES, type Scope } from '../contract/routes.ts'
import { type Attribute, attributesOf, EntryFault, TENANT_NAME } from './entry.ts'

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

/** Whether a key is refused by now. */
export function isExpired({ expiresAt }: Pick<ApiKey, 'expiresAt'>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

/** What an entry says of its key beside the hash. */
export interface KeyAttributes {
  name?: string | undefined
  tenant?: string | undefined
  scopes?: readonly Scope[] | undefined
  /** A date, or an instant in UTC. */
  expires?: string | undefined
}

/** What marks an entry as the SHA-256 of a key, so that the configuration need not hold the key itself. */
const HASHED = 'sha256:'

/** No sign that ends an entry, a line of `.env` or a column of a list. */
const KEY_NAME = /^[\p{L}\p{N}_.@-]([\p{L}\p{N}_.@ -]{0,62}[\p{L}\p{N}_.@-])?$/u

const ATTRIBUTES: Readonly<Record<keyof KeyAttributes, Attribute>> = {
  scopes: {
    accepts: (value) => value.split('+').every(isScope),
    expected: `${SCOPES.join(', ')}, several joined by +`,
  },
  tenant: { accepts: (value) => TENANT_NAME.test(value), expected: 'up to 64 letters, digits, - _ and .' },
  name: { accepts: (value) => KEY_NAME.test(value), expected: 'up to 64 letters, digits, spaces, - _ . and @' },
  expires: { accepts: isInstant, expected: 'a date like 2027-01-31 or an instant like 2027-01-31T12:00:00Z' },
}

/** The entry that lets a key in without being the key. What is left out says: all scopes, no tenant, for ever. Throws {@link EntryFault}. */
export function formatKeyEntry(key: string, { scopes, ...rest }: KeyAttributes = {}): string {
  const written = { scopes: scopes?.join('+'), ...rest }
  const attributes = Object.entries(written).flatMap(([word, value]) =>
    value === undefined ? [] : `;${word}=${value}`,
  )
  const entry = `${HASHED}${digestOf(key).toString('hex')}${attributes.join('')}`
  parseKeyEntry(entry)
  return entry
}

/**
 * Reads an entry: a key of at least 16 characters, which may do everything, or
 * `sha256:<64 hex digits>[;scopes=read+submit][;tenant=…][;name=…][;expires=…]`. Throws {@link EntryFault}.
 */
export function parseKeyEntry(entry: string): ApiKey {
  if (!entry.startsWith(HASHED)) return plainKey(entry)
  const [hash = '', ...attributes] = entry.slice(HASHED.length).split(';')
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new EntryFault('expected 64 hexadecimal digits in lower case after sha256:')
  const given = attributesOf(attributes, ATTRIBUTES)
  const expires = given.get('expires')
  return {
    name: given.get('name') ?? nameOf(hash),
    tenant: given.get('tenant') ?? null,
    scopes: readScopes(given.get('scopes')),
    digest: Buffer.from(hash, 'hex'),
    expiresAt: expires === undefined ? null : Date.parse(expires),
  }
}

/** The SHA-256 of a key. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Whether a word names a scope. */
export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}

function plainKey(key: string): ApiKey {
  if (!/^[\x21-\x7e]{16,}$/.test(key)) throw new EntryFault('expected a key of at least 16 printable characters')
  // A key may hold a semicolon; this one would let in nobody who sends only what stands before it.
  if (ATTRIBUTE_OF_KEY.test(key)) {
    throw new EntryFault(
      'expected sha256: and the hash of the key before attributes (`longshore keys create` prints it)',
    )
  }
  const digest = digestOf(key)
  return { name: nameOf(digest.toString('hex')), tenant: null, scopes: SCOPES, digest, expiresAt: null }
}

const ATTRIBUTE_OF_KEY = new RegExp(`;(${Object.keys(ATTRIBUTES).join('|')})=`)

/** Enough of the hash to tell keys apart, too little to search for a key with. */
function nameOf(hash: string): string {
  return `key-${hash.slice(0, 6)}`
}

function readScopes(written: string | undefined): readonly Scope[] {
  return written === undefined ? SCOPES : SCOPES.filter((scope) => written.split('+').includes(scope))
}

function isInstant(value: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(value) && !Number.isNaN(Date.parse(value))
  )
}
