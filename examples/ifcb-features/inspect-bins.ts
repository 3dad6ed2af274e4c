import type { InputFile, JobInput } from 'longshore'
import { groupIntoBins, type IfcbBin, IfcbBinError, openBin } from './bin-reader.ts'

/** A bin that cannot be processed. */
export interface BadBin {
  readonly stem: string
  readonly error: IfcbBinError
  readonly files: readonly InputFile[]
}

/** Opens every bin of a job before the first image is processed, so that a person hears of all faults at once. */
export async function inspectBins(input: JobInput): Promise<{ good: IfcbBin[]; bad: BadBin[] }> {
  const { bins, rejected } = groupIntoBins(input.localPaths)
  const good: IfcbBin[] = []
  const bad: BadBin[] = rejected.map(({ stem, paths, error }) => ({ stem, error, files: filesAt(input, paths) }))
  for (const bin of bins) {
    try {
      good.push(await openBin(bin, input.signal))
    } catch (error) {
      if (!(error instanceof IfcbBinError)) throw error
      bad.push({ stem: bin.id.stem, error, files: filesAt(input, [bin.hdr, bin.adc, bin.roi]) })
    }
  }
  return { good, bad }
}

/** What to tell the person who sent the bins. */
export function describeBadBins(bad: readonly BadBin[], total: number): string {
  const [only] = bad
  if (only !== undefined && bad.length === 1) return only.error.sentence
  const lines = bad.map(({ error }) => `  ${error.sentence}`)
  return `${bad.length} of ${total} bins cannot be read:\n${lines.join('\n')}`
}

function filesAt(input: JobInput, paths: readonly string[]): InputFile[] {
  return input.files.filter(({ path }) => paths.includes(path))
}
