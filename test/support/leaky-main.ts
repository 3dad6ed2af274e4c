import { BaseProcessor, type JobInput, serve, UnrecoverableError, z } from '../../src/index.ts'

/** A service whose processor logs whatever it is submitted, in every way it can, and then fails with it. */
class Leaky extends BaseProcessor {
  readonly name = 'leaky'
  readonly version = '1.0.0'
  readonly resultSchema = z.unknown()

  async processInput({ log, parameters, outputs }: JobInput): Promise<unknown> {
    await outputs.file('kept.txt').write(Buffer.from('kept'))
    if (!Array.isArray(parameters)) return null
    for (const text of parameters) {
      log.warn(text)
      log.warn({ deep: { er: [text] }, json: JSON.stringify({ text }) }, 'in fields')
      log.child({ bound: text }).error(new Error(`thrown: ${text}`))
    }
    throw new UnrecoverableError(parameters.join(' and '))
  }
}

await serve(new Leaky())
