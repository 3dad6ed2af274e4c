import { createReadStream } from 'node:fs'
import { basename, extname } from 'node:path'
import { IfcbBinError } from './bin-error.ts'

/** Longest line accepted, in characters. Real rows have 160; a binary file under a text file's name has no line ends at all. */
const MAX_LINE_LENGTH = 16_384

/** One line of a text file, numbered from 1. */
export interface TextLine {
  readonly line: number
  readonly text: string
}

/**
 * Yields the lines of a file without their line ends, one chunk of it in memory at a time.
 * Throws `IfcbBinError` at a line that no instrument writes, and the signal's reason once it is aborted.
 */
export async function* textLines(path: string, signal?: AbortSignal): AsyncGenerator<TextLine> {
  let line = 0
  let rest = ''
  for await (const chunk of createReadStream(path, 'latin1')) {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    for (const text of parts) {
      signal?.throwIfAborted()
      line += 1
      yield { line, text: checkedLine(path, text, line) }
    }
    checkedLine(path, rest, line + 1)
  }
  if (rest !== '') yield { line: line + 1, text: checkedLine(path, rest, line + 1) }
}

function checkedLine(path: string, text: string, line: number): string {
  if (text.length <= MAX_LINE_LENGTH) return text.endsWith('\r') ? text.slice(0, -1) : text
  const file = basename(path)
  throw new IfcbBinError(
    `${file}, line ${line}: is longer than ${MAX_LINE_LENGTH} characters; is this really a text file?`,
    {
      bin: basename(path, extname(path)),
      file,
      line,
    },
  )
}
