import type { FeatureRecord } from './feature-record.ts'

/** Heading of a column and its cell. */
const COLUMNS: readonly (readonly [heading: string, cell: (record: FeatureRecord) => string])[] = [
  ['image', ({ record_id }) => record_id],
  ['size', ({ width, height }) => `${width}×${height}`],
  ['area', ({ area }) => String(area)],
  ['perimeter', ({ perimeter }) => decimals(perimeter, 1)],
  ['eq. diameter', ({ equivalent_diameter }) => decimals(equivalent_diameter, 1)],
  ['major axis', ({ major_axis_length }) => decimals(major_axis_length, 1)],
  ['minor axis', ({ minor_axis_length }) => decimals(minor_axis_length, 1)],
  ['eccentricity', ({ eccentricity }) => decimals(eccentricity, 3)],
  ['orientation', ({ orientation }) => (orientation === null ? '–' : `${orientation.toFixed(1)}°`)],
  ['solidity', ({ solidity }) => decimals(solidity, 3)],
]

/** Lays records out as a table: names to the left, numbers to the right. */
export function featureTable(records: readonly FeatureRecord[]): string {
  const rows = [
    COLUMNS.map(([heading]) => heading),
    ...records.map((record) => COLUMNS.map(([, cell]) => cell(record))),
  ]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  )
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return lines.toSpliced(1, 0, rule).join('\n')
}

function decimals(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits)
}
