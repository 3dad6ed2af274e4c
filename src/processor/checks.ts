import type { z } from 'zod'
import { LongshoreError, messageOf } from '../base/errors.ts'
import { describeFaults, faultsOf } from '../base/faults.ts'
import type { JsonValue } from '../job/job.ts'

/** Parses parameters as the processor wants them; none at all count as `{}`. Throws `PARAMETERS_INVALID` with every fault. Without a schema any JSON passes. */
export function parseParameters(schema: z.ZodType | undefined, parameters: JsonValue): unknown {
  if (schema === undefined) return parameters
  const parsed = schema.safeParse(parameters ?? {})
  if (parsed.success) return parsed.data
  const faults = faultsOf(parsed.error, '/parameters')
  throw new LongshoreError(
    'PARAMETERS_INVALID',
    `The parameters do not fit the processor: ${describeFaults(faults)}.`,
    {
      errors: faults,
    },
  )
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
  try {
    return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as JsonValue)
  } catch (failure) {
    throw new LongshoreError('RESULT_INVALID', `The result cannot be written as JSON: ${messageOf(failure)}.`, {
      cause: failure,
    })
  }
}
