import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { BaseProcessor, type JobInput, z } from 'longshore'

const Result = z.object({ files: z.number(), lines: z.number(), words: z.number() })

const Parameters = z.object({
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

/** Reads a file line by line, so that its size does not matter; stops when the signal aborts. */
async function count(
  path: string,
  emptyLines: boolean,
  signal: AbortSignal,
): Promise<{ lines: number; words: number }> {
  const counts = { lines: 0, words: 0 }
  for await (const line of createInterface({ input: createReadStream(path, { signal }) })) {
    const words = line.split(/\s+/).filter((word) => word !== '').length
    if (words > 0 || emptyLines) counts.lines += 1
    counts.words += words
  }
  return counts
}
