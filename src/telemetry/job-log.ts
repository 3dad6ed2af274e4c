import { type Level, type Logger, pino } from 'pino'
import type { JsonValue, LogLine } from '../job/job.ts'

/** The longest message kept with a job, in characters: a log line is a line, not a dump. */
const MAX_MESSAGE_LENGTH = 8192

/** Fields that say where a line comes from; a kept line has them by its place. */
const ORIGIN_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'job_id', 'attempt'])

/**
 * Gives each attempt a logger whose lines go to the service's log and to the attempt's own keeper. Lines of level `info`
 * and above are kept with the job even when the service logs less.
 */
export class JobLog {
  readonly #service: Logger
  readonly #logger: Logger
  readonly #keepers = new Map<string, (line: LogLine) => void>()

  constructor(service: Logger) {
    this.#service = service
    const level = service.isLevelEnabled('info') ? service.level : 'info'
    this.#logger = pino({ level, base: null }, { write: (text: string) => this.#route(text) })
  }

  /** The attempt's logger; `keep` gets every line until `close` is called. */
  open(jobId: string, attempt: number, keep: (line: LogLine) => void): { logger: Logger; close: () => void } {
    const key = keyOf(jobId, attempt)
    this.#keepers.set(key, keep)
    return {
      logger: this.#logger.child({ job_id: jobId, attempt }),
      close: () => this.#keepers.delete(key),
    }
  }

  #route(text: string): void {
    const parsed = JSON.parse(text) as { [name: string]: JsonValue } & { level: number; time: number; msg?: string }
    const level = (this.#logger.levels.labels[parsed.level] ?? 'info') as Level
    const message = String(parsed.msg ?? '').slice(0, MAX_MESSAGE_LENGTH)
    const attempt = Number(parsed.attempt)
    const fields = Object.fromEntries(Object.entries(parsed).filter(([name]) => !ORIGIN_FIELDS.has(name)))
    this.#service[level]({ job_id: parsed.job_id, attempt, ...fields }, message)
    const keep = this.#keepers.get(keyOf(String(parsed.job_id), attempt))
    keep?.({ attempt, at: parsed.time, level, message, ...(Object.keys(fields).length > 0 && { fields }) })
  }
}

function keyOf(jobId: string, attempt: number): string {
  return `${jobId}/${attempt}`
}
