import { readFile } from 'node:fs/promises'
import { JobClient } from '@longshore/client'
import { messageOf } from '../base/errors.ts'
import type { CliContext, World } from './context.ts'
import type { ExitCode } from './exit-codes.ts'
import { UsageError } from './failures.ts'
import { DEFAULT_URL, type ServiceOptions } from './options.ts'
import { Output } from './output.ts'

/** What a command about jobs works with. */
export interface Session {
  readonly client: JobClient
  readonly out: Output
  readonly world: World
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal
  endWith(code: ExitCode): void
}

/** A person waits for the answer: three tries, within a second, tell whether a service is there. */
const BRIEF = { tries: 3, baseMs: 200 }

/** Opens the session of one command. */
export async function openSession(context: CliContext, options: ServiceOptions): Promise<Session> {
  const { world } = context
  const url = serviceUrl(options.url ?? world.env.LONGSHORE_URL)
  const apiKey = await readApiKey(options.apiKeyFile, world.env.LONGSHORE_API_KEY)
  return {
    client: new JobClient({ url, apiKey, retry: BRIEF }),
    out: new Output(world, options),
    world,
    signal: world.interrupts(),
    endWith: (code) => {
      context.exitCode = code
    },
  }
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
