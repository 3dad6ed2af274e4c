import { LongshoreError } from '../base/errors.ts'

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
