import { type Command, InvalidArgumentError, Option } from 'commander'

/** What every command takes. */
export interface OutputOptions {
  readonly json?: true
  readonly quiet?: true
}

/** What every command that speaks to a service takes. */
export interface ServiceOptions extends OutputOptions {
  readonly url?: string
  readonly apiKeyFile?: string
}

/** Adds `--json` and `--quiet`. */
export function withOutputOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option('--json', 'print JSON for programs, and nothing else, on standard output')
    .option('-q, --quiet', 'tell nothing but results and errors')
}

/** Adds where the service is, `--json` and `--quiet`. */
export function withServiceOptions(command: Command): Command {
  return withOutputOptions(
    command
      .optionsGroup('Service:')
      .addOption(new Option('--url <url>', `address of the service (LONGSHORE_URL, else ${DEFAULT_URL})`))
      .addOption(new Option('--api-key-file <path>', 'file that holds the API key (else LONGSHORE_API_KEY)')),
  )
}

/** Where `serve` listens unless told otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:8000'

/** Reads a whole number of an option. */
export function wholeNumber(from: number, to = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text)
    if (/^-?\d+$/.test(text) && value >= from && value <= to) return value
    const upTo = to === Number.MAX_SAFE_INTEGER ? ` of at least ${from}` : ` from ${from} to ${to}`
    throw new InvalidArgumentError(`Expected a whole number${upTo}.`)
  }
}

/** Reads a number of at least 0 of an option. */
export function amount(text: string): number {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text)) return value
  throw new InvalidArgumentError('Expected a number of at least 0.')
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** Reads a size of an option, in bytes: `512MiB`, `4G` and `4GB` mean powers of 1024. */
export function size(text: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  const factor = UNITS[unit.toLowerCase()]
  if (value !== undefined && factor !== undefined) return Math.round(Number(value) * factor)
  throw new InvalidArgumentError('Expected a size, e.g. 512MiB or 4GiB.')
}

/** Collects an option that may be given several times. */
export function collect<Value>(read: (text: string) => Value) {
  return (text: string, before: readonly Value[] = []): readonly Value[] => [...before, read(text)]
}
