import { type DestinationStream, type Logger, pino } from 'pino'
import type { Redactor } from './redaction.ts'

/** Opens the service's log: lines of JSON on stdout, unless told where else, with the secrets taken out of each. */
export function openServiceLog(level: string, redact: Redactor, destination?: DestinationStream): Logger {
  const options = { level, hooks: { streamWrite: redact } }
  return destination ? pino(options, destination) : pino(options)
}
