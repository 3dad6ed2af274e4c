import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { createGzip } from 'node:zlib'
import { BaseProcessor, type JobInput, z } from 'longshore'

const Result = z.object({
  files: z.array(z.object({ name: z.string(), bytes: z.int(), compressed_bytes: z.int() })),
})

/** Compresses every file it is given; each becomes an output. */
export class Gzip extends BaseProcessor<typeof Result> {
  readonly name = 'gzip'
  readonly version = '1.0.0'
  readonly resultSchema = Result

  async processInput(input: JobInput) {
    const files = []
    for (const [index, path] of input.localPaths.entries()) {
      this.reportProgress({ percent: (100 * index) / input.localPaths.length, message: basename(path) })
      files.push(await this.#compress(path, input))
    }
    return { files }
  }

  async #compress(path: string, { outputs, signal }: JobInput) {
    const name = basename(path)
    const output = outputs.file(`${name}.gz`, { mediaType: 'application/gzip' })
    let compressedBytes = 0
    for await (const chunk of createReadStream(path, { signal }).pipe(createGzip())) {
      compressedBytes += chunk.length
      await output.write(chunk)
    }
    await output.close()
    return { name, bytes: (await stat(path)).size, compressed_bytes: compressedBytes }
  }
}
