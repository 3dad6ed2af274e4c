/** Files that share a stem: their path without the extension. */
export interface FileGroup {
  /** E.g. `2024/D20240101T000000` of `2024/D20240101T000000.roi`. */
  readonly stem: string
  /** Relative paths, with `/`. */
  readonly files: readonly string[]
  /** Required extensions that it has no file for. */
  readonly missing: readonly string[]
}

/** Groups files by stem. A required extension may have several dots, as `.tar.gz`; any other is what follows the last one. */
export function groupByStem(files: readonly string[], requiredExtensions: readonly string[]): FileGroup[] {
  const required = requiredExtensions.map((extension) => (extension.startsWith('.') ? extension : `.${extension}`))
  const longestFirst = required.toSorted((a, b) => b.length - a.length)
  const groups = new Map<string, string[]>()
  for (const file of files) {
    const stem = stemOf(file, longestFirst)
    groups.set(stem, [...(groups.get(stem) ?? []), file])
  }
  return [...groups].map(([stem, members]) => {
    const missing = required.filter((extension) => !members.includes(stem + extension))
    return { stem, files: members, missing }
  })
}

function stemOf(file: string, extensions: readonly string[]): string {
  const extension = extensions.find((each) => file.endsWith(each)) ?? /(?<=[^/])\.[^./]*$/.exec(file)?.[0] ?? ''
  return file.slice(0, file.length - extension.length)
}
