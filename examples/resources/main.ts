import { BaseProcessor, type JobInput, serve, z } from 'longshore'

const MIB = 1024 ** 2

const Parameters = z.object({ tiles: z.int().min(1).default(1) })
const Result = z.object({ cpu: z.number(), memoryMb: z.number() })

class Stitch extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'stitch'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters

  override resourcesFor({ tiles }: z.output<typeof Parameters>) {
    return { cpu: 0.5, memoryBytes: tiles * 64 * MIB, scratchBytes: tiles * 2 * MIB }
  }

  async processInput({ resources }: JobInput) {
    return { cpu: resources.cpu, memoryMb: resources.memoryBytes / MIB }
  }
}

await serve(new Stitch())
