/** A name as a statement writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
