import { LongshoreError, NetworkError } from '@longshore/client'
import { LongshoreError as HouseError, messageOf, systemCodeOf } from '../base/errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Interrupted } from './interrupts.ts'
import { safeLines } from './render/safe-text.ts'

/** The command line asks for something that makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What is said about a failure, and how the command ends with it. */
export interface Explained {
  readonly exitCode: ExitCode
  /** Undefined when all has been said already. */
  readonly text: string | undefined
}

/** The one place that turns whatever a command threw into words and an exit code. */
export function explainFailure(failure: unknown): Explained {
  if (failure instanceof Interrupted) return { exitCode: EXIT.interrupted, text: undefined }
  if (failure instanceof UsageError) return told(EXIT.usage, failure.message)
  if (failure instanceof NetworkError)
    return told(EXIT.unreachable, `${failure.message} (${failure.code})${ADDRESS_HINT}`)
  if (failure instanceof LongshoreError) return told(exitCodeOf(failure), explainClientError(failure))
  if (failure instanceof HouseError) return told(EXIT.failed, `${failure.message} (${failure.code})`)
  // A file that is not there, or may not be read, is no bug: its stack would say nothing.
  if (systemCodeOf(failure) !== undefined) return told(EXIT.failed, messageOf(failure))
  return told(EXIT.failed, failure instanceof Error ? (failure.stack ?? failure.message) : messageOf(failure))
}

const ADDRESS_HINT = '\nIs the service running? Its address is taken from --url, or from LONGSHORE_URL.'

/** An upload or a download that came to nothing because the service was away ends as any call does that met that. */
function exitCodeOf(failure: LongshoreError): ExitCode {
  return failure.cause instanceof NetworkError ? EXIT.unreachable : EXIT.failed
}

const HINTS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: '\nSet LONGSHORE_API_KEY, or name a file that holds the key with --api-key-file.',
  JOB_NOT_FOUND: '\n`longshore jobs` lists the jobs there are.',
  JOB_FINAL: '\n`longshore job ID` says how it ended.',
}

function explainClientError(failure: LongshoreError): string {
  const cause = failure.cause instanceof LongshoreError ? `: ${failure.cause.message}` : ''
  const said = failure.message.includes(cause.slice(2)) ? '' : cause
  return `${failure.message}${said} (${failure.code})${HINTS[failure.code] ?? ''}`
}

function told(exitCode: ExitCode, text: string): Explained {
  return { exitCode, text: `error: ${safeLines(text)}` }
}
