import { z } from 'zod'
import { LongshoreError } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import type { ResourceNeeds } from '../../job/resources.ts'
import type { AnySchema } from '../base-processor.ts'
import { checkTemplate } from './command-line.ts'

/** What a service around a program is made of. */
export interface CommandOptions {
  /** Name the service answers under; letters, digits, dots and hyphens. */
  name: string
  /** Version of the processor; kept with every job. */
  version: string
  /**
   * The program, looked up in `PATH`, and its arguments; no shell reads them. `{inputs}`, as an argument of its own, becomes
   * one argument for each input file; `{input:0}` the first of them; `{workdir}` the attempt's scratch folder, in which the
   * program runs; `{outdir}` the folder whose files become outputs; `{params}` a JSON file with the parameters; and
   * `{param:name}` one of them.
   */
  command: readonly [string, ...string[]]
  /** What the result must be; any JSON unless given. */
  resultSchema?: AnySchema
  /** What a submitter may give as `parameters`; any JSON unless given. */
  parametersSchema?: AnySchema
  /** `download` (default) fetches the input files; with `uri`, `{inputs}` are their URIs. */
  inputs?: 'download' | 'uri'
  /** What stands on its standard input: the `parameters` as JSON, or the first input file; nothing unless given. */
  stdin?: 'parameters' | 'input'
  /** Its standard output: lines for the job's log (default), or the result, as JSON or as text. */
  stdout?: 'log' | 'json' | 'text'
  /** Names of the service's environment variables that it gets; `PATH`, `HOME`, `LANG`, `LC_ALL` and `TZ` unless given. */
  passEnv?: readonly string[]
  /** Further variables, by name. */
  env?: Readonly<Record<string, string>>
  /** What a job takes of a worker while it runs, or how that follows from its parameters; nothing unless given. */
  resources?: ResourceNeeds | ((parameters: JsonValue) => ResourceNeeds)
  /** A program that prints more than this, in MiB, is ended; 256 unless given. What is kept of it is far less. */
  maxOutputMb?: number
}

const PASSED: readonly string[] = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ']

/**
 * A processor that is a program of any language, started anew for each attempt. What the program may say while it runs is
 * told in docs/command.md; one that knows nothing of it needs only end with exit code 0.
 */
export class CommandProcessor {
  readonly name: string
  readonly version: string
  readonly resultSchema: AnySchema
  readonly parametersSchema?: AnySchema
  readonly inputs: 'download' | 'uri'
  readonly resources?: ResourceNeeds
  readonly resourcesFor?: (parameters: unknown) => ResourceNeeds
  readonly options: CommandOptions & Required<Pick<CommandOptions, 'passEnv' | 'env' | 'stdout' | 'maxOutputMb'>>

  /** Throws `CONFIG_INVALID` for a command that cannot be meant. */
  constructor(options: CommandOptions) {
    if (options.command.length === 0 || options.command[0] === '') {
      throw new LongshoreError('CONFIG_INVALID', 'Expected command to begin with a program, got nothing.')
    }
    checkTemplate(options.command)
    if (options.stdin === 'input' && options.inputs === 'uri') {
      const text =
        "Expected inputs to be 'download' with stdin: 'input': what is not fetched cannot stand on its input."
      throw new LongshoreError('CONFIG_INVALID', text)
    }
    this.name = options.name
    this.version = options.version
    this.resultSchema = options.resultSchema ?? z.unknown()
    if (options.parametersSchema) this.parametersSchema = options.parametersSchema
    this.inputs = options.inputs ?? 'download'
    const { resources } = options
    if (typeof resources === 'function') this.resourcesFor = (parameters) => resources(parameters as JsonValue)
    else if (resources) this.resources = resources
    this.options = { passEnv: PASSED, env: {}, stdout: 'log', maxOutputMb: 256, ...options }
  }
}
