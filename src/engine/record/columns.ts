/** One row as its columns' values, in the order of the SELECT. */
export type Row = readonly unknown[]

/** A column that holds a number. */
export function integer(row: Row | undefined, column: number): number {
  const value = row?.[column]
  if (typeof value !== 'number') throw new TypeError(`column ${column} holds no number`)
  return value
}

/** A column that holds a number or NULL. */
export function integerOrNull(row: Row, column: number): number | null {
  return row[column] === null ? null : integer(row, column)
}

/** A column that holds text. */
export function text(row: Row | undefined, column: number): string {
  const value = row?.[column]
  if (typeof value !== 'string') throw new TypeError(`column ${column} holds no text`)
  return value
}

/** A column that holds text or NULL. */
export function textOrNull(row: Row, column: number): string | null {
  return row[column] === null ? null : text(row, column)
}
