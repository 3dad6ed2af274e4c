import { type Fault, LongshoreError } from '../base/errors.ts'
import { describeFaults, faultsOf } from '../base/faults.ts'
import { parseJson } from '../base/json.ts'
import { JobOptions, oneDueTime } from '../contract/job.ts'
import type { ParsedJobOptions } from './job-request.ts'

const JSON_FIELDS: ReadonlySet<string> = new Set(['parameters', 'labels', 'resources'])
const NUMBER_FIELDS: ReadonlySet<string> = new Set(['priority', 'delay_seconds', 'max_attempts', 'timeout_seconds'])

const FormJobOptions = JobOptions.refine(oneDueTime.check, { error: oneDueTime.error })

/** Reads the text fields of a form as the job options of the same names. Throws `VALIDATION_FAILED`, `MALFORMED_JSON`, `JSON_TOO_DEEP`. */
export function readFields(fields: readonly (readonly [string, string])[], jsonDepth: number): ParsedJobOptions {
  const values = new Map<string, unknown>()
  for (const [name, text] of fields) {
    if (values.has(name)) throw invalid([{ pointer: `/${name}`, message: 'given twice' }])
    values.set(name, readField(name, text, jsonDepth))
  }
  const parsed = FormJobOptions.safeParse(Object.fromEntries(values))
  if (parsed.success) return parsed.data
  throw invalid(faultsOf(parsed.error))
}

function readField(name: string, text: string, jsonDepth: number): unknown {
  if (JSON_FIELDS.has(name)) return parseJson(text, jsonDepth, `the field ${JSON.stringify(name)} to be JSON`)
  if (NUMBER_FIELDS.has(name) && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
  return text
}

function invalid(errors: Fault[]): LongshoreError {
  return new LongshoreError('VALIDATION_FAILED', `The form fields are not as expected: ${describeFaults(errors)}.`, {
    errors,
  })
}
