import { LongshoreError, messageOf } from '../base/errors.ts'

/** The manifest names an object that is not there. */
export function notFound(uri: string): LongshoreError {
  return new LongshoreError('INPUT_NOT_FOUND', `The input file ${uri} does not exist.`)
}

/** An object is larger than the service takes. */
export function tooLarge(uri: string, sizeBytes: number, maxBytes: number): LongshoreError {
  return new LongshoreError(
    'FILE_TOO_LARGE',
    `The input file ${uri} has ${sizeBytes} bytes, the limit (MAX_FILE_SIZE_GB) is ${maxBytes}.`,
  )
}

/** What broke off an object's body, unless the store itself has said so. */
export function brokenOff(uri: string, failure: unknown): LongshoreError {
  if (failure instanceof LongshoreError) return failure
  const detail = `Reading ${uri} broke off: ${messageOf(failure)}.`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure })
}
