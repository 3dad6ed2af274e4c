import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { BaseProcessor, type JobInput, serve, z } from 'longshore'

const Row = z.object({ file: z.string(), bytes: z.number() })
const Result = z.object({ rows: z.number(), index: z.string() })

/** Leaves a table of its files, the files themselves in tar shards, and a report. */
class Packer extends BaseProcessor<typeof Result> {
  readonly name = 'packer'
  readonly version = '1.0.0'
  readonly resultSchema = Result

  async processInput({ localPaths, outputs }: JobInput) {
    const table = outputs.jsonl({ schema: Row })
    const shards = outputs.webDataset()
    for (const [i, path] of localPaths.entries()) {
      const { size: sizeBytes } = await stat(path)
      await table.write({ file: basename(path), bytes: sizeBytes })
      await shards.add(
        'files',
        String(i).padStart(5, '0'),
        { stream: createReadStream(path), sizeBytes },
        extname(path),
      )
    }
    const report = outputs.file('report/summary.txt')
    await report.write(`${localPaths.length} files\n`)
    await report.close()
    const index = await outputs.writeResultsIndex([await table.close(), await shards.close()])
    return { rows: localPaths.length, index }
  }
}

await serve(new Packer())
