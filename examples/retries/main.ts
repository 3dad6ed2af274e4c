import { readFile } from 'node:fs/promises'
import { BaseProcessor, type JobInput, SnoozeError, serve, UnrecoverableError, z } from 'longshore'

const Parameters = z.object({ notBefore: z.iso.datetime().optional() })
const Result = z.object({ lines: z.number(), attempts: z.number() })

/** Counts lines, file by file, and goes on where the attempt before it stopped. */
class Counter extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'counter'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters

  async processInput({ localPaths, parameters, attempt, checkpoint, signal }: JobInput<z.output<typeof Parameters>>) {
    const waitMs = Date.parse(parameters.notBefore ?? '1970-01-01') - Date.now()
    // Not now, and nobody's fault: it costs no attempt.
    if (waitMs > 0) throw new SnoozeError(waitMs)
    const done = checkpoint.load<{ files: number; lines: number }>() ?? { files: 0, lines: 0 }
    for (const path of localPaths.slice(done.files)) {
      signal.throwIfAborted()
      const text = await readFile(path, 'utf8')
      // No attempt would ever do better.
      if (text.includes('\0')) throw new UnrecoverableError(`${path} is no text.`)
      // Anything else that is thrown is tried again, with backoff.
      if (text.startsWith('flaky') && attempt === 1) throw new Error('The weather was bad.')
      done.files += 1
      done.lines += text.split('\n').length - 1
      await checkpoint.save(done)
    }
    return { lines: done.lines, attempts: attempt }
  }
}

await serve(new Counter())
