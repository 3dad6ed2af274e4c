import { z } from 'zod'
import { LongshoreError, messageOf } from '../base/errors.ts'
import { describeFaults, faultsOf } from '../base/faults.ts'
import type { JsonValue } from '../job/job.ts'

/** A result is a summary, kept in the job's record; data belongs into outputs. */
const MAX_RESULT_BYTES = 16 * 1024 * 1024

/**
 * Refuses parameters that the processor would, and answers them as it gets them: throws `PARAMETERS_INVALID` with every fault. Nobody waits for a submit to
 * look things up: a schema with asynchronous checks is only held against the parameters when the job runs, and they are
 * answered as they came.
 */
export function checkParameters(schema: z.ZodType | undefined, parameters: JsonValue): unknown {
  if (schema === undefined) return parameters
  try {
    const parsed = schema.safeParse(parameters ?? {})
    if (parsed.error) throw parametersInvalid(parsed.error)
    return parsed.data
  } catch (thrown) {
    if (!(thrown instanceof z.core.$ZodAsyncError)) throw thrown
    return parameters
  }
}

/** Parses parameters as the processor wants them; none at all count as `{}`. Throws `PARAMETERS_INVALID` with every fault. Without a schema any JSON passes. */
export async function parseParameters(schema: z.ZodType | undefined, parameters: JsonValue): Promise<unknown> {
  if (schema === undefined) return parameters
  const parsed = await schema.safeParseAsync(parameters ?? {})
  if (!parsed.success) throw parametersInvalid(parsed.error)
  return parsed.data
}

function parametersInvalid(error: z.core.$ZodError): LongshoreError {
  const errors = faultsOf(error, '/parameters')
  const text = `The parameters do not fit the processor: ${describeFaults(errors)}.`
  return new LongshoreError('PARAMETERS_INVALID', text, { errors })
}

/** Checks what `processInput` returned and makes it plain JSON; throws `RESULT_INVALID` with the path of each fault. */
export async function checkResult(schema: z.ZodType, result: unknown): Promise<JsonValue> {
  const parsed = await schema.safeParseAsync(result)
  if (!parsed.success) {
    const faults = faultsOf(parsed.error, '/result')
    throw new LongshoreError('RESULT_INVALID', `The result does not fit resultSchema: ${describeFaults(faults)}.`, {
      errors: faults,
    })
  }
  return toJson(parsed.data)
}

function toJson(value: unknown): JsonValue {
  const json = value === undefined ? 'null' : stringify(value)
  const bytes = Buffer.byteLength(json)
  if (bytes > MAX_RESULT_BYTES) {
    const text = `The result is ${bytes} bytes of JSON, at most ${MAX_RESULT_BYTES} are kept. Write data to outputs.`
    throw new LongshoreError('RESULT_INVALID', text)
  }
  return JSON.parse(json)
}

function stringify(value: unknown): string {
  try {
    const json: string | undefined = JSON.stringify(value)
    if (json !== undefined) return json
  } catch (failure) {
    const text = `The result cannot be written as JSON: ${messageOf(failure)}.`
    throw new LongshoreError('RESULT_INVALID', text, { cause: failure })
  }
  throw new LongshoreError('RESULT_INVALID', `The result cannot be written as JSON: it is a ${typeof value}.`)
}
