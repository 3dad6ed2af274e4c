import { basename, extname } from 'node:path'
import { IfcbBinError } from './bin-error.ts'
import type { BinId, Generation } from './bin-id.ts'
import { textLines } from './text-lines.ts'

/** One row of an `.adc` file: a particle that triggered the instrument, and where its image lies. */
export interface AdcRow {
  /** Number of the target: the row's line, from 1. */
  readonly target: number
  /** Trigger that fired. Old instruments may give two targets the same trigger: two images of one event. */
  readonly trigger: number
  /** Left edge of the image in the camera frame, in pixels. */
  readonly x: number
  /** Top edge of the image in the camera frame, in pixels. */
  readonly y: number
  /** Width of the image in pixels; 0 when the target has no image. */
  readonly width: number
  /** Height of the image in pixels. */
  readonly height: number
  /** Position of the image's first byte in the `.roi` file. */
  readonly startByte: number
}

const FIRST_IMAGE_COLUMN: Record<Generation, number> = { new: 13, old: 9 }

/** Largest image accepted. The camera takes 1.4 million pixels; more than this is a damaged row. */
const MAX_IMAGE_PIXELS = 2 ** 24

/** Streams the rows of an `.adc` file. Throws `IfcbBinError` with the line of a malformed row. */
export async function* adcRows(path: string, id: BinId, signal?: AbortSignal): AsyncGenerator<AdcRow> {
  let blankLine: number | undefined
  for await (const { line, text } of textLines(path, signal)) {
    if (text.trim() === '') {
      blankLine ??= line
      continue
    }
    // The target number is the line number, so a gap would give every later image a wrong name.
    if (blankLine !== undefined) throw malformed(path, blankLine, 'is blank, but rows follow it')
    yield parseRow(path, id, line, text)
  }
}

function parseRow(path: string, id: BinId, line: number, text: string): AdcRow {
  const cells = text.split(',')
  const first = FIRST_IMAGE_COLUMN[id.generation]
  if (cells.length < first + 5) {
    throw malformed(path, line, `has ${cells.length} columns, but a bin of this generation has at least ${first + 5}`)
  }
  const at = (column: number, meaning: string): number => wholeNumber(path, line, column, meaning, cells[column] ?? '')
  const row: AdcRow = {
    target: line,
    trigger: at(0, 'trigger number'),
    x: at(first, 'ROI x'),
    y: at(first + 1, 'ROI y'),
    width: at(first + 2, 'ROI width'),
    height: at(first + 3, 'ROI height'),
    startByte: at(first + 4, 'start byte'),
  }
  checkSize(path, row)
  return row
}

function wholeNumber(path: string, line: number, column: number, meaning: string, cell: string): number {
  const value = /^\s*\d+(\.0*)?\s*$/.test(cell) ? Number(cell) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  // Quoted and cut, because the cell may be anything at all.
  const seen = JSON.stringify(cell.slice(0, 40))
  throw malformed(path, line, `column ${column + 1} (${meaning}) should be a whole number, not ${seen}`)
}

function checkSize(path: string, { target, width, height }: AdcRow): void {
  if (width > 0 && height === 0) throw malformed(path, target, `has an image ${width} pixels wide and 0 high`)
  if (width * height > MAX_IMAGE_PIXELS) {
    throw malformed(path, target, `has an image of ${width} × ${height} pixels, larger than any IFCB camera`)
  }
}

function malformed(path: string, line: number, what: string): IfcbBinError {
  const file = basename(path)
  return new IfcbBinError(`${file}, line ${line}: ${what}. The file is damaged, or of another kind`, {
    bin: basename(path, extname(path)),
    file,
    line,
  })
}
