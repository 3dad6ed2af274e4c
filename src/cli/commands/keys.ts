import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { formatKeyEntry } from '../../access/api-key.ts'
import type { CliContext } from '../context.ts'
import { type OutputOptions, withOutputOptions } from '../options.ts'
import { Output } from '../output.ts'
import { safeText } from '../render/safe-text.ts'

/** The options of `longshore keys create`. */
interface CreateOptions extends OutputOptions {
  readonly name?: string
}

/** `longshore keys`: what is about API keys. */
export function keysCommand(context: CliContext): Command {
  return new Command('keys').description('make API keys').addCommand(createCommand(context))
}

function createCommand(context: CliContext): Command {
  const command = new Command('create')
    .description('make an API key, and the hash that lets it in')
    .option('--name <name>', 'whose key it is, to tell several apart')
  return withOutputOptions(command).action(({ name, ...options }: CreateOptions) => {
    const out = new Output(context.world, options)
    const key = createKey()
    const entry = formatKeyEntry(key)
    if (out.json) return out.printJson({ name: name ?? null, key, api_keys_entry: entry })
    out.print(explain(key, entry, name))
  })
}

/** 256 random bits, with a beginning by which people and scanners of secrets know what it is. */
function createKey(): string {
  return `lsk_${randomBytes(32).toString('base64url')}`
}

function explain(key: string, entry: string, name: string | undefined): string {
  const whose = name === undefined ? '' : ` of ${safeText(name)}`
  return `The key${whose}, for the client. It is shown this once and kept nowhere:

  LONGSHORE_API_KEY=${key}

Its hash, for the environment or the .env of the service. Keys there are separated by commas:

  API_KEYS=${entry}

The service takes it from its next start on.`
}
