import { readFileSync } from 'node:fs'
import { BaseProcessor, type JobInput, serve, UnrecoverableError, z } from '../../src/index.ts'

/** A service whose processor logs whatever it is submitted, in every way it can, and then fails with it. */
class Leaky extends BaseProcessor {
  readonly name = 'leaky'
  readonly version = '1.0.0'
  readonly resultSchema = z.unknown()

  async processInput({ log, parameters, outputs }: JobInput): Promise<unknown> {
    await outputs.file('kept.txt').write(Buffer.from('kept'))
    if (!Array.isArray(parameters)) return null
    const spoken = parameters.map(spell)
    for (const text of spoken) {
      log.warn(text)
      log.warn({ deep: { er: [text] }, json: JSON.stringify({ text }) }, 'in fields')
      log.child({ bound: text }).error(new Error(`thrown: ${text}`))
    }
    throw new UnrecoverableError(spoken.join(' and '))
  }
}

/** `$NAME` is what the setting of that name says, or what its file holds. */
function spell(text: string): string {
  const value = process.env[text.slice(1)]
  if (!text.startsWith('$') || value === undefined) return text
  return text.endsWith('_FILE') ? readFileSync(value, 'utf8').trim() : value
}

await serve(new Leaky())
