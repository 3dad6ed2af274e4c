import type { LogLine } from '../../job/job.ts'
import { integer, type Row, text, textOrNull } from './columns.ts'

const LEVELS: readonly LogLine['level'][] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** One line of a job's log: attempt, instant, level, message, fields. */
export function readLogLine(row: Row): LogLine {
  const fields = textOrNull(row, 4)
  return {
    attempt: integer(row, 0),
    at: integer(row, 1),
    level: LEVELS.find((level) => level === row[2]) ?? 'info',
    message: text(row, 3),
    ...(fields !== null && { fields: JSON.parse(fields) }),
  }
}
