import type { LogLine } from '@longshore/client'

/**
 * What a job has logged since `before`, by a listing `now` of its newest lines; undefined when the two do not meet, so that
 * lines may lie between them. A log only grows at its end: some last lines of before are there again, in a row, and what
 * follows them is new. Lines have a time of a millisecond and no number, so it is the longest such row that counts.
 */
export function newLines(before: readonly LogLine[], now: readonly LogLine[]): readonly LogLine[] | undefined {
  if (before.length === 0) return now
  const [old, all] = [before.map(textOf), now.map(textOf)]
  let longest = 0
  let end: number | undefined
  for (let at = 1; at <= all.length; at++) {
    const length = rowBefore(old, all, at)
    const isWhole = length === old.length || length === at
    if (length <= longest || !isWhole) continue
    longest = length
    end = at
  }
  return end === undefined ? undefined : now.slice(end)
}

/** How many lines before `at` are the last ones of `old`. */
function rowBefore(old: readonly string[], all: readonly string[], at: number): number {
  let length = 0
  while (length < Math.min(old.length, at) && old[old.length - 1 - length] === all[at - 1 - length]) length += 1
  return length
}

function textOf(line: LogLine): string {
  return JSON.stringify(line)
}
