import { plural } from '../../format.ts'

interface SameNamesProps {
  /** Files that were not taken, as others of their names are chosen. */
  files: readonly File[]
  chosen: readonly File[]
  /** Takes them, in place of those of their names or by other names. */
  onTake(files: readonly File[]): void
  onLeave(): void
}

/** Names that are told; of more only their number. */
const TOLD = 5

/** Says which files were not taken for their names, and lets a person choose what becomes of them. */
export function SameNames({ files, chosen, onTake, onLeave }: SameNamesProps) {
  const renamed = renamedOf(files, chosen)
  return (
    <div class="same-names" role="alert">
      <p>
        Not added: {listOf(files)}. A job has each name once, and {files.length === 1 ? 'this one is' : 'these are'}{' '}
        chosen already.
      </p>
      <div class="actions">
        <button type="button" onClick={() => onTake(files)}>
          Replace {files.length === 1 ? 'the one' : 'those'} chosen before
        </button>
        <button type="button" onClick={() => onTake(renamed)}>
          Add as {listOf(renamed)}
        </button>
        <button type="button" onClick={onLeave}>
          Leave out
        </button>
      </div>
    </div>
  )
}

function listOf(files: readonly File[]): string {
  const names = files.slice(0, TOLD).map(({ name }) => name)
  if (files.length > TOLD) names.push(plural(files.length - TOLD, 'more file'))
  return names.join(', ')
}

/** The same files by names that are free: `scan.tar.gz` becomes `scan-2.tar.gz`. */
function renamedOf(files: readonly File[], chosen: readonly File[]): File[] {
  const taken = new Set(chosen.map(({ name }) => name))
  return files.map((file) => {
    const [, stem = file.name, ending = ''] = /^(.[^.]*)(\..*)?$/s.exec(file.name) ?? []
    let n = 2
    while (taken.has(`${stem}-${n}${ending}`)) n += 1
    const name = `${stem}-${n}${ending}`
    taken.add(name)
    return new File([file], name, { type: file.type, lastModified: file.lastModified })
  })
}
