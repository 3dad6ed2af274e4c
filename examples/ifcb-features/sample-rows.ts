import type { Generation } from './bin-id.ts'
import type { Random } from './random.ts'

/** What a row of an `.adc` file says of a target; without an image width and height are 0. */
export interface SampleRow {
  readonly trigger: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly startByte: number
}

/** Writes one line of an `.adc` file as the instruments of that generation do, measurements made up. */
export const formatRow: Record<Generation, (row: SampleRow, random: Random) => string> = {
  new: formatNewRow,
  old: formatOldRow,
}

function formatNewRow(row: SampleRow, random: Random): string {
  const grabbed = seconds(row)
  const signals = Array.from({ length: 9 }, () => random.between(0.001, 1).toFixed(5))
  return [
    row.trigger,
    grabbed.toFixed(6),
    ...signals,
    grabbed.toFixed(6),
    (grabbed + 0.047).toFixed(6),
    ...image(row),
    '-999.000000,0,0,0',
    (grabbed + 0.05).toFixed(6),
    (0.099 * row.trigger).toFixed(6),
  ].join(',')
}

function formatOldRow(row: SampleRow, random: Random): string {
  const grabbed = seconds(row)
  const signals = Array.from({ length: 5 }, () => random.between(0.001, 1).toFixed(5))
  // The old instruments end every line in a comma.
  return `${[row.trigger, grabbed.toFixed(6), ...signals, grabbed.toFixed(6), (grabbed + 0.047).toFixed(6), ...image(row), 0].join(',')},`
}

/** A trigger every few seconds, as in a bin of twenty minutes. */
function seconds({ trigger }: SampleRow): number {
  return 8.125 * trigger
}

function image({ x, y, width, height, startByte }: SampleRow): number[] {
  return [x, y, width, height, startByte]
}
