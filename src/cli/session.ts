import { readFile } from 'node:fs/promises'
import { JobClient } from '@longshore/client/node'
import { messageOf } from '../base/errors.ts'
import type { CliContext, World } from './context.ts'
import type { ExitCode } from './exit-codes.ts'
import { UsageError } from './failures.ts'
import { DEFAULT_URL, type ServiceOptions } from './options.ts'
import { Output } from './output.ts'
import { reachService } from './reach.ts'
import { shellCommand } from './render/shell-command.ts'

/** What a command about jobs works with. */
export interface Session {
  /** Gives up within a second or so: a person waits for the answer. */
  readonly client: JobClient
  readonly out: Output
  readonly world: World
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal
  /**
   * A client that outlasts bad networks, for work that takes its time. Waits some seconds for a service that does not
   * answer, and tells so; then rejects.
   */
  patientClient(): Promise<JobClient>
  /** Another command line for the same service, for a person to type. */
  commandLine(...words: readonly string[]): string
  endWith(code: ExitCode): void
}

const BRIEF = { tries: 3, baseMs: 200 }
const ONCE = { tries: 1 }

/** A client of the service that is meant, which gives up soon. Throws `UsageError` when its address or key cannot be used. */
export async function openClient(world: World, options: ServiceOptions): Promise<JobClient> {
  return new JobClient({ ...(await serviceOf(world, options)), retry: BRIEF })
}

/** Opens the session of one command. */
export async function openSession(context: CliContext, options: ServiceOptions): Promise<Session> {
  const { world } = context
  const service = await serviceOf(world, options)
  const client = new JobClient({ ...service, retry: BRIEF })
  const signal = world.interrupts()
  const out = new Output(world, options)
  return {
    client,
    out,
    world,
    signal,
    patientClient: async () => {
      await reachService({ client: new JobClient({ ...service, retry: ONCE }), out, world, signal })
      return new JobClient(service)
    },
    commandLine: (...words) => shellCommand(['longshore', ...words, ...serviceWords(options)]),
    endWith: (code) => {
      context.exitCode = code
    },
  }
}

async function serviceOf({ env }: World, { url, apiKeyFile }: ServiceOptions) {
  return {
    url: serviceUrl(url ?? env.LONGSHORE_URL),
    apiKey: await readApiKey(apiKeyFile, env.LONGSHORE_API_KEY),
  }
}

function serviceWords({ url, apiKeyFile }: ServiceOptions): string[] {
  return [
    ...(url === undefined ? [] : ['--url', url]),
    ...(apiKeyFile === undefined ? [] : ['--api-key-file', apiKeyFile]),
  ]
}

function serviceUrl(given: string | undefined): string {
  const url = given === undefined || given === '' ? DEFAULT_URL : given
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new UsageError(
    `expected the address of the service to be an http:// or https:// URL, got ${JSON.stringify(url)}`,
  )
}

async function readApiKey(path: string | undefined, fromEnv: string | undefined): Promise<string | undefined> {
  if (path === undefined) return fromEnv === '' ? undefined : fromEnv
  const key = (await readKeyFile(path)).trim()
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new UsageError(`expected ${path} to hold one API key, of printable ASCII characters without spaces`)
}

function readKeyFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((failure) => {
    throw new UsageError(`the file of --api-key-file cannot be read: ${messageOf(failure)}`)
  })
}
