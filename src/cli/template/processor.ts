import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { BaseProcessor, type JobInput, z } from 'longshore'

const Result = z.object({ files: z.number(), lines: z.number(), words: z.number() })

/** Strict, so that a parameter that is misspelt is refused and not left out. */
const Parameters = z.strictObject({
  /** Whether lines without a word count. */
  emptyLines: z.boolean().default(true),
})

/** Counts the lines and words of text files: the sums are the result, the counts of each file an output. */
export class Counter extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'project-name'
  readonly version = '0.1.0'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters

  async processInput(input: JobInput<z.output<typeof Parameters>>) {
    const sum = { files: 0, lines: 0, words: 0 }
    const output = input.outputs.jsonl()
    for (const path of input.localPaths) {
      const { lines, words } = await count(path, input.parameters.emptyLines, input.signal)
      await output.write({ file: basename(path), lines, words })
      sum.files += 1
      sum.lines += lines
      sum.words += words
      this.reportProgress({ percent: (100 * sum.files) / input.localPaths.length, message: basename(path) })
    }
    await output.close()
    return sum
  }
}

/** Reads a file piece by piece, so that neither its size nor that of a line matters; stops when the signal aborts. */
async function count(
  path: string,
  emptyLines: boolean,
  signal: AbortSignal,
): Promise<{ lines: number; words: number }> {
  const counts = { lines: 0, words: 0 }
  let isEmpty = true
  let before = '\n'
  const endLine = (): void => {
    if (emptyLines || !isEmpty) counts.lines += 1
    isEmpty = true
  }
  for await (const piece of createReadStream(path, { encoding: 'utf8', signal })) {
    for (const { 0: found, index } of String(piece).matchAll(/\n|\S+/g)) {
      if (found === '\n') {
        endLine()
        continue
      }
      isEmpty = false
      // What a piece begins with may be the rest of a word.
      if (index > 0 || /\s/.test(before)) counts.words += 1
    }
    before = String(piece).slice(-1)
  }
  if (before !== '\n') endLine()
  return counts
}
