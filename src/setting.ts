import { z } from 'zod'
import { splitEntries } from './access/entry.ts'

/** A setting as text: what it must be (for the error), how it is read, what it is without being set, what it means. */
export interface Setting<Value> {
  schema: z.ZodType<Value, string>
  expected: string
  fallback: string
  meaning: string
}

/** A whole number between two others, both included. */
export function integer(from: number, to: number, fallback: number, meaning: string): Setting<number> {
  const schema = z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(z.number().int().min(from).max(to))
  return { schema, expected: `an integer from ${from} to ${to}`, fallback: String(fallback), meaning }
}

/** A number above 0, with a fraction or without; undefined unless set. */
export function quantity(to: number, meaning: string): Setting<number | undefined> {
  const schema = z
    .string()
    .regex(/^(\d+(\.\d+)?)?$/)
    .transform((value) => (value === '' ? undefined : Number(value)))
    .refine((value) => value === undefined || (value > 0 && value <= to))
  return { schema, expected: `a number above 0 and up to ${to}`, fallback: '', meaning }
}

/** Text of a pattern. */
export function text(pattern: RegExp, expected: string, fallback: string, meaning: string): Setting<string> {
  return { schema: z.string().regex(pattern), expected, fallback, meaning }
}

/** One of a few words. */
export function oneOf<const Word extends string>(
  words: readonly [Word, ...Word[]],
  fallback: Word,
  meaning: string,
): Setting<Word> {
  return { schema: z.enum(words), expected: words.map((word) => `"${word}"`).join(' or '), fallback, meaning }
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
}

/** Yes or no. */
export function flag(fallback: boolean, meaning: string): Setting<boolean> {
  const schema = z
    .string()
    .toLowerCase()
    .refine((word) => word in FLAG_WORDS)
    .transform((word) => FLAG_WORDS[word] === true)
  return { schema, expected: '"true" or "false"', fallback: String(fallback), meaning }
}

/** Items between commas; none unless set. */
export function list(
  accepts: (item: string) => boolean,
  expected: string,
  meaning: string,
): Setting<readonly string[]> {
  const schema = z
    .string()
    .transform(splitAtCommas)
    .refine((items) => items.every(accepts))
  return { schema, expected, fallback: '', meaning }
}

/** Entries between commas or on lines of their own; none unless set. `read` throws what is wrong with them. */
export function entries(
  read: (given: readonly string[]) => void,
  expected: string,
  meaning: string,
): Setting<readonly string[]> {
  const isReadable = (given: readonly string[]): boolean => {
    try {
      read(given)
      return true
    } catch {
      return false
    }
  }
  return { schema: z.string().transform(splitEntries).refine(isReadable), expected, fallback: '', meaning }
}

/** Origins of web pages between commas, or `*` for all of them; none unless set. */
export function origins(meaning: string): Setting<readonly string[]> {
  const { schema } = list(() => true, '', '')
  return {
    schema: schema.refine((items) => items.every(isOrigin) || (items.length === 1 && items[0] === '*')),
    expected:
      'a comma-separated list of origins like https://app.example.org, without a path or a slash at the end, or *',
    fallback: '',
    meaning,
  }
}

/** Just as browsers send it: an http address in lower case, without the port that is usual and without a path. */
function isOrigin(value: string): boolean {
  return isUrl(value) && !value.includes('*') && URL.canParse(value) && new URL(value).origin === value
}

/**
 * Secrets of Standard Webhooks, between commas or spaces: base64 of 24 to 64 bytes, with `whsec_` before it or without;
 * none unless set. Read as the base64 alone.
 */
export function webhookSecrets(meaning: string): Setting<readonly string[]> {
  const schema = z
    .string()
    .transform((value) => value.split(/[\s,]+/).filter((item) => item !== ''))
    .transform((items) => items.map((item) => item.replace(/^whsec_/, '')))
    .refine((items) => items.every(isWebhookSecret))
  const expected =
    'one or more secrets of 24 to 64 bytes in base64, with or without whsec_ before each, e.g. the output of `openssl rand -base64 32`'
  return { schema, expected, fallback: '', meaning }
}

function isWebhookSecret(base64: string): boolean {
  const { length } = Buffer.from(base64, 'base64')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && length >= 24 && length <= 64
}

function splitAtCommas(value: string): string[] {
  const items = value.split(',').map((item) => item.trim())
  return items.filter((item) => item !== '')
}

/** An http address; none unless set. */
export function url(meaning: string): Setting<string> {
  return { schema: z.string().refine(isUrl), expected: 'an http:// or https:// URL', fallback: '', meaning }
}

/** An http address, or a host with or without a port; none unless set. */
export function endpoint(meaning: string): Setting<string> {
  const schema = z.string().refine((value) => /^[\w.-]+(:\d+)?$/.test(value) || isUrl(value))
  return { schema, expected: 'an http:// or https:// URL or a host:port', fallback: '', meaning }
}

function isUrl(value: string): boolean {
  return value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))
}
