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

/** Collects an option that may be given several times. */
export function collect<Value>(read: (text: string) => Value) {
  return (text: string, before: readonly Value[] = []): readonly Value[] => [...before, read(text)]
}
