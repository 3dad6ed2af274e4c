import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'
import type { Paint } from '../output.ts'

/** A column: its head, the row's text in it, and how much room the table must have before it is shown. */
export interface Column<Row> {
  readonly head: string
  /** One line; it may be coloured. */
  readonly cell: (row: Row) => string
  readonly align?: 'right'
  /** Left out of tables narrower than this. */
  readonly fromWidth?: number
  /** Where the last column is cut: a path says most at its end. Default `end`. */
  readonly cut?: 'middle' | 'end'
}

/** Between two columns. */
const GAP = '  '

/** How a table is laid out. */
export interface TableOptions {
  readonly width: number
  readonly paint: Paint
  /** False when it goes on with a table that was begun. Default true. */
  readonly hasHead?: boolean
}

/** A table whose last column is cut, with `…`, where the room ends; wide characters count as two columns. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint, hasHead = true }: TableOptions,
): string {
  const shown = columns.filter(({ fromWidth = 0 }) => width >= fromWidth)
  const cells = rows.map((row) => shown.map(({ cell }) => cell(row)))
  const heads = shown.map(({ head }) => paint('bold', head))
  const widths = shown.map((_, i) => Math.max(...[heads, ...cells].map((line) => stringWidth(line[i] ?? ''))))
  const last = shown.length - 1
  const room = width - widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, 0)
  const lines = (hasHead ? [heads, ...cells] : cells).map((line) =>
    line
      .with(last, shown[last]?.cut === 'middle' ? fitMiddle(line[last] ?? '', room) : (line[last] ?? ''))
      .map((text, i) => pad(text, widths[i] ?? 0, i === last, shown[i]?.align))
      .join(GAP),
  )
  return lines.map((line) => fit(line.trimEnd(), width)).join('\n')
}

/** Cuts a line to the room there is. */
export function fit(line: string, width: number): string {
  return Number.isFinite(width) ? cliTruncate(line, width) : line
}

/** Cuts text in its middle to the room there is. */
function fitMiddle(text: string, room: number): string {
  return Number.isFinite(room) && room > 0 ? cliTruncate(text, room, { position: 'middle' }) : text
}

/** Fills text up to a number of columns. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

function pad(text: string, width: number, isLast: boolean, align: 'right' | undefined): string {
  if (align === 'right') return ' '.repeat(Math.max(0, width - stringWidth(text))) + text
  return isLast ? text : padTo(text, width)
}
