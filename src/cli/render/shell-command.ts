/** A command line that a shell of the POSIX family reads as exactly these words. */
export function shellCommand(words: readonly string[]): string {
  return words.map(quote).join(' ')
}

function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  // What a terminal would not show as it is can only be written in the form that bash, zsh and ksh have for it.
  if (/[\p{Cc}\u2028\u2029]/u.test(word)) return `$'${word.replaceAll(/[\\'\p{Cc}\u2028\u2029]/gu, escapeSign)}'`
  return `'${word.replaceAll("'", `'\\''`)}'`
}

function escapeSign(sign: string): string {
  if (sign === '\\' || sign === "'") return `\\${sign}`
  return [...Buffer.from(sign)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
