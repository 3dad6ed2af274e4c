import { join } from 'node:path'
import { UploadError } from '../errors.ts'
import type { Typing } from '../processor-shape.ts'
import type { UploadSource } from '../upload/source.ts'
import type { UploadOptions } from '../upload/upload-options.ts'
import { fileAt } from './file-at.ts'
import { type FileGroup, groupByStem } from './file-groups.ts'
import { filesBelow } from './files-below.ts'
import { matcherOf } from './globs.ts'

/** Which files of a folder to upload, and how. */
export interface UploadDirectoryOptions<T extends Typing = Typing> extends UploadOptions<T> {
  /**
   * Patterns of relative paths, of which one must match: `*`, `?`, `**`, `{a,b}`, e.g. `**` + `/*.roi`. Hidden files and
   * folders match only where the dot is written. Default: every file that is not hidden.
   */
  readonly include?: readonly string[]
  /** Patterns of which none may match. */
  readonly exclude?: readonly string[]
  /** Extensions that every stem must have a file of, e.g. `['.adc', '.hdr', '.roi']`. */
  readonly requiredExtensions?: readonly string[]
  /** Leaves out the files of a stem that lacks a required extension, instead of failing. Default false. */
  readonly skipIncomplete?: boolean
  /** Called with every group that was left out. */
  readonly onSkipped?: (group: FileGroup) => void
}

/** Incomplete stems that a message names. */
const NAMED = 5

/** The files that `uploadDirectory` uploads. Throws `NO_FILES`, `INCOMPLETE_GROUP`, `SOURCE_UNREADABLE`. */
export async function findFiles(folder: string, options: UploadDirectoryOptions): Promise<UploadSource[]> {
  const { include = ['**'], exclude = [] } = options
  const [isIncluded, isExcluded] = [matcherOf(include), matcherOf(exclude)]
  const all = await filesBelow(folder)
  const chosen = wholeGroups(
    all.filter((path) => isIncluded(path) && !isExcluded(path)),
    options,
  )
  if (chosen.length > 0) return Promise.all(chosen.map((path) => fileAt(join(folder, path), path)))
  const message = `There is nothing to upload in ${folder}: ${all.length} files are there, none of them is chosen by \`include\`, \`exclude\` and \`requiredExtensions\`.`
  throw new UploadError({ code: 'NO_FILES', message })
}

function wholeGroups(paths: readonly string[], options: UploadDirectoryOptions): readonly string[] {
  const { requiredExtensions = [], skipIncomplete = false, onSkipped } = options
  if (requiredExtensions.length === 0) return paths
  const groups = groupByStem(paths, requiredExtensions)
  const incomplete = groups.filter(({ missing }) => missing.length > 0)
  if (incomplete.length > 0 && !skipIncomplete) throw incompleteGroups(incomplete)
  for (const group of incomplete) onSkipped?.(group)
  return groups.filter(({ missing }) => missing.length === 0).flatMap(({ files }) => files)
}

function incompleteGroups(groups: readonly FileGroup[]): UploadError {
  const named = groups
    .slice(0, NAMED)
    .map(({ stem, missing }) => `${JSON.stringify(stem)} has no ${missing.join(', ')}`)
  const more = groups.length > NAMED ? `; and ${groups.length - NAMED} more` : ''
  const message = `Files are missing: ${named.join('; ')}${more}. Add them, exclude the others of their stem, or set \`skipIncomplete\`.`
  return new UploadError({ code: 'INCOMPLETE_GROUP', message, filename: groups[0]?.files[0] })
}
