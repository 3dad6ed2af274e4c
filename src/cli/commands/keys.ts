import { randomBytes } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { formatKeyEntry, isExpired, isScope, parseKeyEntry } from '../../access/api-key.ts'
import { EntryFault } from '../../access/entry.ts'
import { messageOf } from '../../base/errors.ts'
import { SCOPES, type Scope } from '../../contract/routes.ts'
import type { CliContext } from '../context.ts'
import { UsageError } from '../failures.ts'
import { readKeys } from '../keys/read-keys.ts'
import { type OutputOptions, type ServiceOptions, withOutputOptions, withServiceOptions } from '../options.ts'
import { Output } from '../output.ts'
import { renderKeys } from '../render/key-table.ts'
import { safeText } from '../render/safe-text.ts'
import { openSession } from '../session.ts'

/** The options of `longshore keys create`. */
interface CreateOptions extends OutputOptions {
  readonly name?: string
  readonly tenant?: string
  readonly scopes?: readonly Scope[]
  readonly expires?: string
  readonly to?: string
}

/** `longshore keys`: what is about API keys. */
export function keysCommand(context: CliContext): Command {
  return new Command('keys')
    .description('make API keys, list those of a service, ask what one may do')
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(checkCommand(context))
}

function createCommand(context: CliContext): Command {
  const command = new Command('create')
    .description('make an API key, and the entry with its hash that lets it in')
    .option('--name <name>', 'whose key it is, for lists and logs')
    .option('--tenant <tenant>', 'reach the jobs of this tenant only (else those of all)')
    .option('--scopes <scopes>', `what it may do: ${SCOPES.join(', ')}, with commas between (else all)`, readScopes)
    .option('--expires <date>', 'refuse it from this date on, e.g. 2027-01-31')
    .option('--to <file>', 'append the entry to the file that API_KEYS_FILE names')
  return withOutputOptions(command).action(async ({ to, json, quiet, ...attributes }: CreateOptions) => {
    const out = new Output(context.world, { ...(json && { json }), ...(quiet && { quiet }) })
    const key = createKey()
    const entry = entryOf(key, attributes)
    if (isExpired(parseKeyEntry(entry), context.world.clock.now())) {
      throw new UsageError(`--expires ${attributes.expires} is over: expected a date to come.`)
    }
    if (to !== undefined) await append(to, entry)
    const { name = null, tenant = null, scopes = SCOPES } = attributes
    if (out.json) return out.printJson({ name, tenant, scopes, key, api_keys_entry: entry })
    out.print(explain(key, entry, attributes.name, to))
  })
}

function listCommand(context: CliContext): Command {
  const command = new Command('list')
    .description('list the keys that the configuration here lets in')
    .argument('[file]', 'a file of entries (else API_KEYS and API_KEYS_FILE of the environment and .env)')
  return withOutputOptions(command).action(async (file: string | undefined, options: OutputOptions) => {
    const { world } = context
    const out = new Output(world, options)
    const keys = await readKeys(file, world.env)
    if (out.json)
      out.printJson(
        keys.map(({ name, tenant, scopes, expiresAt }) => ({ name, tenant, scopes, expires_at: isoOf(expiresAt) })),
      )
    else out.print(renderKeys(keys, { nowMs: world.clock.now(), width: out.width, paint: out.paint }))
  })
}

function checkCommand(context: CliContext): Command {
  const command = new Command('check').description('ask the service what the key may do')
  return withServiceOptions(command).action(async (options: ServiceOptions) => {
    const { client, out, signal } = await openSession(context, options)
    const caller = await client.whoami({ signal })
    if (out.json) return out.printJson(caller)
    const whose = caller.tenant === null ? 'the jobs of all tenants' : `the jobs of tenant ${safeText(caller.tenant)}`
    const until = caller.expires_at === null ? '' : `, until ${caller.expires_at}`
    out.print(`${safeText(caller.name)} may ${caller.scopes.join(', ')}: ${whose}${until}`)
  })
}

function readScopes(text: string): readonly Scope[] {
  const words = text.split(/[,+]/).map((word) => word.trim())
  if (words.every(isScope)) return SCOPES.filter((scope) => words.includes(scope))
  throw new InvalidArgumentError(`Expected some of ${SCOPES.join(', ')}, with commas between.`)
}

function entryOf(key: string, attributes: Parameters<typeof formatKeyEntry>[1]): string {
  try {
    return formatKeyEntry(key, attributes)
  } catch (fault) {
    throw fault instanceof EntryFault ? new UsageError(fault.message) : fault
  }
}

async function append(path: string, entry: string): Promise<void> {
  try {
    await appendFile(path, `${entry}\n`, { mode: 0o600 })
  } catch (failure) {
    throw new UsageError(`the file of --to cannot be written: ${messageOf(failure)}`)
  }
}

/** 256 random bits, with a beginning by which people and scanners of secrets know what it is. */
function createKey(): string {
  return `lsk_${randomBytes(32).toString('base64url')}`
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function explain(key: string, entry: string, name: string | undefined, file: string | undefined): string {
  const whose = name === undefined ? '' : ` of ${safeText(name)}`
  const head = `The key${whose}, for the client. It is shown this once and kept nowhere:

  LONGSHORE_API_KEY=${key}
`
  if (file !== undefined) {
    return `${head}
Its hash stands in ${safeText(file)} now. A service that has it as API_KEYS_FILE takes it at once.`
  }
  return `${head}
Its hash, for the environment or the .env of the service. Keys there are separated by commas:

  API_KEYS=${entry}

The service takes it from its next start on; from API_KEYS_FILE, at once.`
}
