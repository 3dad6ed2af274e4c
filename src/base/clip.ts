/** At most `maxLength` characters of a text, saying how many are missing; without halves of characters. */
export function clip(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text.isWellFormed() ? text : text.toWellFormed()
  return `${text.slice(0, maxLength).toWellFormed()} … (${text.length - maxLength} more characters)`
}
