/** What is wrong with an entry, for whoever wrote it. Never quotes the entry: it may hold a key. */
export class EntryFault extends Error {}

/** A tenant's name: a plain word, because it stands in entries, on command lines and in logs. */
export const TENANT_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

/** What an attribute of an entry may be. */
export interface Attribute {
  accepts(value: string): boolean
  expected: string
}

/** The entries of a text: one a line or between commas, without empty ones and lines that begin with `#`. */
export function splitEntries(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'))
  return lines.flatMap((line) => line.split(',').map((entry) => entry.trim())).filter((entry) => entry !== '')
}

/** Reads `word=value` attributes. Throws {@link EntryFault} for one that is not known, is given twice or has a wrong value. */
export function attributesOf(
  written: readonly string[],
  known: Readonly<Record<string, Attribute>>,
): Map<string, string> {
  const given = new Map<string, string>()
  for (const attribute of written) {
    const cut = attribute.indexOf('=')
    const word = attribute.slice(0, Math.max(0, cut))
    const value = attribute.slice(cut + 1)
    const rule = Object.hasOwn(known, word) ? known[word] : undefined
    if (rule === undefined) throw new EntryFault(`expected no attributes but ${Object.keys(known).join('=, ')}=`)
    if (given.has(word)) throw new EntryFault(`${word} is given twice`)
    if (!rule.accepts(value)) throw new EntryFault(`expected ${word} to be ${rule.expected}`)
    given.set(word, value)
  }
  return given
}
