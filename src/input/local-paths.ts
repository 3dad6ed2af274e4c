/** What file systems allow for one name, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255
/** An extension longer than this is taken for a part of the name. */
const MAX_EXTENSION_BYTES = 32

/**
 * Where the files of a job go, relative to their folder: `<n>/<base name of the key>`, `n` from 1.
 *
 * Base names are kept, because processors go by them and by their extensions. Files that lie side by side in the store
 * stay side by side; a folder of the store whose names are partly taken goes into the next numbered folder as a whole, so
 * that `a/D1.roi` never meets `b/D1.adc`. Names that differ only in case or Unicode form count as equal, as some file
 * systems take them so. Control characters, `/` and `\` become `_`; longer names than 255 bytes lose the end of their stem.
 *
 * @param uris in manifest order; the answer has the same order
 */
export function assignLocalPaths(uris: readonly string[]): string[] {
  const names = uris.map(localName)
  const paths: string[] = Array.from({ length: uris.length }, () => '')
  const nextFree = new Map<string, number>()
  for (const members of siblings(uris, names)) {
    const folder = Math.max(...members.map((member) => nextFree.get(foldName(names[member] ?? '')) ?? 1))
    for (const member of members) {
      const name = names[member] ?? ''
      nextFree.set(foldName(name), folder + 1)
      paths[member] = `${folder}/${name}`
    }
  }
  return paths
}

/** A file name for the last part of a URI that every file system takes. */
export function localName(uri: string): string {
  const last = uri.split('/').findLast((part) => part !== '') ?? ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const safe = last.replaceAll(/[\u0000-\u001f\u007f-\u009f\\]/g, '_').toWellFormed()
  return shorten(safe === '.' || safe === '..' ? safe.replaceAll('.', '_') : safe)
}

/** Positions of the files of one store folder, in order of appearance; a name that repeats begins a further group. */
function siblings(uris: readonly string[], names: readonly string[]): Iterable<number[]> {
  const groups = new Map<string, number[]>()
  const repeats = new Map<string, number>()
  for (const [index, uri] of uris.entries()) {
    const folder = uri.slice(0, uri.lastIndexOf('/'))
    const identity = JSON.stringify([folder, foldName(names[index] ?? '')])
    const repeat = repeats.get(identity) ?? 0
    repeats.set(identity, repeat + 1)
    const key = JSON.stringify([folder, repeat])
    const group = groups.get(key)
    if (group) group.push(index)
    else groups.set(key, [index])
  }
  return groups.values()
}

function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION_BYTES ? name.slice(dot) : ''
  let room = MAX_NAME_BYTES - Buffer.byteLength(extension)
  let stem = ''
  for (const character of name) {
    room -= Buffer.byteLength(character)
    if (room < 0) break
    stem += character
  }
  return stem + extension
}
