import { z } from 'zod'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import { describeFaults, faultsOf } from '../../base/faults.ts'
import { parseJson } from '../../base/json.ts'
import type { JsonValue } from '../../job/job.ts'

const MAX_DEPTH = 64

const Json = z.custom<JsonValue>(() => true)

/** What a program may say in one line on file descriptor 3: one or several of these. */
const Line = z.strictObject({
  progress: z
    .object({
      stage: z.string().exactOptional(),
      percent: z.number().exactOptional(),
      message: z.string().exactOptional(),
    })
    .catchall(Json)
    .optional(),
  log: z.string().optional(),
  /** Go with `log`. */
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  fields: z.record(z.string(), Json).default({}),
  checkpoint: Json.optional(),
  file: z
    .strictObject({ index: z.int(), state: z.enum(['done', 'failed', 'skipped']), error: z.string().optional() })
    .optional(),
  result: Json.optional(),
  fail: z.strictObject({ message: z.string(), retryable: z.boolean().default(true) }).optional(),
  snooze_seconds: z.number().min(0).optional(),
})

/** One line of a program. */
export type ProgramLine = z.output<typeof Line>

/** Reads a line. Throws `COMMAND_FAILED` that says what is wrong with it. */
export function readProgramLine(text: string): ProgramLine {
  const parsed = Line.safeParse(parse(text))
  if (parsed.success) return parsed.data
  throw notALine(text, `${describeFaults(faultsOf(parsed.error))}`)
}

function parse(text: string): unknown {
  try {
    return parseJson(text, MAX_DEPTH)
  } catch (failure) {
    throw notALine(text, messageOf(failure))
  }
}

function notALine(text: string, why: string): LongshoreError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  const hint = 'See docs/command.md for what a program may say on file descriptor 3.'
  return new LongshoreError(
    'COMMAND_FAILED',
    `The program's line ${JSON.stringify(shown)} is not understood: ${why.replace(/\.$/, '')}. ${hint}`,
  )
}
