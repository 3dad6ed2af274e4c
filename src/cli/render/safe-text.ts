/**
 * What a terminal would obey instead of show: control characters of both kinds (C1 holds an 8-bit escape), what turns the
 * direction of writing, line separators, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** Text of others on one line, harmless to a terminal: white space becomes a space, what it would obey is spelt out. */
export function safeText(text: string): string {
  return text.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(UNSAFE, spell)
}

/** The same, but its lines stay lines. */
export function safeLines(text: string): string {
  return text.split(/\r?\n/).map(safeText).join('\n')
}

/** JSON that is the same to a program and harmless to a terminal. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(UNSAFE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function spell(character: string): string {
  return `\\u{${character.charCodeAt(0).toString(16)}}`
}
