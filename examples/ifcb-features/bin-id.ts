import { IfcbBinError } from './bin-error.ts'

/** The instrument generation decides how a bin is named and which columns of its `.adc` hold the image. */
export type Generation = 'new' | 'old'

/** The name of a bin, taken apart. */
export interface BinId {
  /** File name without extension, the bin's identity everywhere: `D20130526T095207_IFCB013` or `IFCB5_2012_028_081515`. */
  readonly stem: string
  readonly generation: Generation
}

const STEMS: Record<Generation, RegExp> = {
  new: /^D\d{8}T\d{6}_IFCB\d+$/,
  old: /^IFCB\d+_\d{4}_\d{3}_\d{6}$/,
}

/** Recognises a stem of either generation; throws `IfcbBinError` for any other name. */
export function parseBinId(stem: string): BinId {
  if (STEMS.new.test(stem)) return { stem, generation: 'new' }
  if (STEMS.old.test(stem)) return { stem, generation: 'old' }
  throw new IfcbBinError(
    `"${stem}" is not the name of an IFCB bin: expected D<date>T<time>_IFCB<number>, as D20130526T095207_IFCB013, ` +
      'or IFCB<number>_<year>_<day>_<time>, as IFCB5_2012_028_081515. Was the file renamed?',
    { bin: stem },
  )
}

/** The name of one image, as the IFCB dashboards write it: stem and five-digit target number. */
export function recordId(stem: string, target: number): string {
  return `${stem}_${String(target).padStart(5, '0')}`
}
