import { basename, extname } from 'node:path'
import { IfcbBinError } from './bin-error.ts'
import { type BinId, parseBinId } from './bin-id.ts'

const EXTENSIONS = ['hdr', 'adc', 'roi'] as const

type BinExtension = (typeof EXTENSIONS)[number]

/** The three files of one bin, with their local paths; they may lie in different folders. */
export interface BinFiles {
  readonly id: BinId
  readonly hdr: string
  readonly adc: string
  readonly roi: string
}

/** Files that do not make a bin, and why. */
interface RejectedBin {
  readonly stem: string
  readonly paths: readonly string[]
  readonly error: IfcbBinError
}

/** What a list of files amounts to; every path is in exactly one of the two lists. */
interface BinGroups {
  /** Complete bins, in the order in which their first file was listed. */
  readonly bins: readonly BinFiles[]
  readonly rejected: readonly RejectedBin[]
}

/**
 * Sorts local paths into bins by base name, whatever folders they lie in. Incomplete bins, files of other kinds and
 * stems listed twice come back as rejected, so that one bad bin need not spoil the rest of a job.
 */
export function groupIntoBins(paths: readonly string[]): BinGroups {
  const byStem = Map.groupBy(paths, (path) => basename(path, extname(path)))
  const bins: BinFiles[] = []
  const rejected: RejectedBin[] = []
  for (const [stem, members] of byStem) {
    try {
      bins.push(completeBin(stem, members))
    } catch (error) {
      if (!(error instanceof IfcbBinError)) throw error
      rejected.push({ stem, paths: members, error })
    }
  }
  return { bins, rejected }
}

function completeBin(stem: string, paths: readonly string[]): BinFiles {
  const id = parseBinId(stem)
  const byExtension = Map.groupBy(paths, (path) => extname(path).slice(1).toLowerCase())
  refuseStrangers(stem, byExtension)
  const hdr = byExtension.get('hdr')?.[0]
  const adc = byExtension.get('adc')?.[0]
  const roi = byExtension.get('roi')?.[0]
  if (hdr === undefined || adc === undefined || roi === undefined) throw incomplete(stem, byExtension)
  return { id, hdr, adc, roi }
}

function refuseStrangers(stem: string, byExtension: ReadonlyMap<string, readonly string[]>): void {
  for (const [extension, paths] of byExtension) {
    const file = basename(paths[0] ?? stem)
    if (!isBinExtension(extension)) {
      throw new IfcbBinError(`${file} is not part of an IFCB bin: expected .hdr, .adc and .roi files`, {
        bin: stem,
        file,
      })
    }
    if (paths.length > 1) {
      throw new IfcbBinError(`${file} is there ${paths.length} times: send each bin once`, { bin: stem, file })
    }
  }
}

function incomplete(stem: string, byExtension: ReadonlyMap<string, readonly string[]>): IfcbBinError {
  const missing = EXTENSIONS.filter((extension) => !byExtension.has(extension)).map(
    (extension) => `${stem}.${extension}`,
  )
  return new IfcbBinError(
    `Bin ${stem} is incomplete: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing. ` +
      'A bin is three files of one name: .hdr, .adc and .roi',
    { bin: stem },
  )
}

function isBinExtension(extension: string): extension is BinExtension {
  return EXTENSIONS.some((known) => known === extension)
}
