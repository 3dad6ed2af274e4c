import { readFile } from 'node:fs/promises'
import { BaseProcessor, type JobInput, z } from 'longshore'

const Result = z.object({ words: z.number() })

/** Counts the words of its files. */
export class Words extends BaseProcessor<typeof Result> {
  readonly name = 'words'
  readonly version = '1.0.0'
  readonly resultSchema = Result

  async processInput({ localPaths }: JobInput) {
    const texts = await Promise.all(localPaths.map((path) => readFile(path, 'utf8')))
    return { words: texts.flatMap((text) => text.match(/\S+/g) ?? []).length }
  }
}
