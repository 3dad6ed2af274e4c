import { type Level, type Logger, pino } from 'pino'
import { clip } from '../base/clip.ts'
import type { JsonValue, LogLine } from '../job/job.ts'
import type { Redactor } from './redaction.ts'

/** The longest message kept with a job, and the longest fields, in characters: a log line is a line, not a dump. */
const MAX_MESSAGE_LENGTH = 8192
const MAX_FIELDS_LENGTH = 8192

/** What pino itself writes at the beginning of a line; a field of the same name comes later, and overrides nothing. */
const ORIGIN = /^\{"level":(\d+),"time":(\d+)/

/** A kept line has these by its place. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

/** Whose lines they are. */
export interface LogOrigin {
  job_id: string
  attempt: number
  worker: string
  tenant?: string
  /** Of the trace the job belongs to, if it belongs to one. */
  trace_id?: string
}

/**
 * Gives each attempt a logger whose lines go to the service's log and to the attempt's own keeper. Lines of level `info`
 * and above are kept with the job even when the service logs less.
 */
export class JobLog {
  readonly #service: Logger
  readonly #redact: Redactor
  readonly #level: string

  /** @param redact takes secrets out of every line, also where the service's log is somebody else's */
  constructor(service: Logger, redact: Redactor) {
    this.#service = service
    this.#redact = redact
    this.#level = service.isLevelEnabled('info') ? service.level : 'info'
  }

  /** The attempt's logger; `keep` gets every line until `close` is called. Lines of the service's log say whose they are. */
  open(origin: LogOrigin, keep: (line: LogLine) => void): { logger: Logger; close: () => void } {
    let keeper: typeof keep | undefined = keep
    const { attempt } = origin
    const write = (text: string): void => {
      const { level, at, message, fields } = parseLine(this.#redact(text))
      this.#service[level]({ ...fields, ...origin }, message)
      keeper?.({ attempt, at, level, message, ...(Object.keys(fields).length > 0 && { fields }) })
    }
    return {
      logger: pino({ level: this.#level, base: null }, { write }),
      close: () => {
        keeper = undefined
      },
    }
  }
}

function parseLine(text: string): Pick<LogLine, 'level' | 'at' | 'message'> & { fields: Record<string, JsonValue> } {
  const [, level = '30', time = '0'] = ORIGIN.exec(text) ?? []
  const parsed: Record<string, JsonValue> = JSON.parse(text)
  const { msg = '' } = parsed
  const message = clip(typeof msg === 'string' ? msg : JSON.stringify(msg), MAX_MESSAGE_LENGTH)
  const fields = Object.fromEntries(Object.entries(parsed).filter(([name]) => !OWN_FIELDS.has(name)))
  return { level: levelOf(Number(level)), at: Number(time), message, fields: bounded(fields) }
}

/** Levels of a user's own count as the next lower one of pino's. */
function levelOf(value: number): Level {
  const known = Object.entries(pino.levels.values).findLast(([, each]) => each <= value)
  return (known?.[0] ?? 'trace') as Level
}

function bounded(fields: Record<string, JsonValue>): Record<string, JsonValue> {
  const json = JSON.stringify(fields)
  return json.length <= MAX_FIELDS_LENGTH ? fields : { cut: clip(json, MAX_FIELDS_LENGTH) }
}
