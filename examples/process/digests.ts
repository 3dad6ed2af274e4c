import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { BaseProcessor, type JobInput, z } from 'longshore'

const Result = z.object({ digests: z.record(z.string(), z.string()) })

/** Computes the SHA-256 of every file it is given. */
export class Digests extends BaseProcessor<typeof Result> {
  readonly name = 'digests'
  readonly version = '1.0.0'
  readonly resultSchema = Result

  async processInput(input: JobInput) {
    const digests: Record<string, string> = {}
    for (const path of input.localPaths) {
      const hash = createHash('sha256')
      await pipeline(createReadStream(path), hash, { signal: input.signal })
      digests[basename(path)] = hash.digest('hex')
      this.reportProgress({ message: basename(path) })
    }
    return { digests }
  }
}
