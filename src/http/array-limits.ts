import { type Fault, LongshoreError } from '../base/errors.ts'
import { MAX_PARTS } from '../contract/ingest.ts'
import { MAX_LABELS } from '../contract/job.ts'

/** Faults after which a list is not looked at further. */
const MAX_FAULTS = 20

/** How long lists of a body may be. */
export interface ListLimits {
  filesPerJob: number
  filesPerIngest: number
}

/**
 * The error of a body whose lists, or those of the job in it, are too long or mostly of the wrong kind. It is asked before
 * the schema sees them: that reports every fault of every item, which for a list of a million takes a gigabyte.
 */
export function tooManyIn(body: unknown, limits: ListLimits): LongshoreError | undefined {
  if (!isRecord(body)) return undefined
  try {
    checkLists(body, limits)
    if (isRecord(body.job)) checkLists(body.job, limits)
    return undefined
  } catch (failure) {
    if (failure instanceof LongshoreError) return failure
    throw failure
  }
}

function checkLists(body: Record<string, unknown>, limits: ListLimits): void {
  const { files, parts, part_numbers, labels, manifest_inline: inline } = body
  const unknown = Object.keys(body).length > 100
  if (unknown)
    throw new LongshoreError(
      'VALIDATION_FAILED',
      'The body has more than 100 fields; see GET /docs for those it may have.',
    )
  if (isRecord(inline) && Array.isArray(inline.files)) {
    checkLength(inline.files, limits.filesPerJob, 'TOO_MANY_FILES', 'files (MAX_FILES_PER_JOB)')
    checkKinds(inline.files, '/manifest_inline/files', (item) => typeof item === 'string' || isRecord(item))
  }
  if (Array.isArray(files)) {
    checkLength(files, limits.filesPerIngest, 'TOO_MANY_FILES', 'files (MAX_FILES_PER_INGEST)')
  }
  for (const list of [parts, part_numbers]) {
    if (Array.isArray(list)) checkLength(list, MAX_PARTS, 'TOO_MANY_PARTS', 'parts')
  }
  if (isRecord(labels)) checkLength(Object.keys(labels), MAX_LABELS, 'VALIDATION_FAILED', 'labels')
}

function checkLength(
  list: readonly unknown[],
  limit: number,
  code: 'TOO_MANY_FILES' | 'TOO_MANY_PARTS' | 'VALIDATION_FAILED',
  what: string,
): void {
  if (list.length > limit)
    throw new LongshoreError(code, `The request has ${list.length} ${what}; at most ${limit} may be.`)
}

function checkKinds(list: readonly unknown[], pointer: string, fits: (item: unknown) => boolean): void {
  const errors: Fault[] = []
  for (let i = 0; i < list.length && errors.length < MAX_FAULTS; i++) {
    if (!fits(list[i])) errors.push({ pointer: `${pointer}/${i}`, message: 'expected an s3 URI or an object with one' })
  }
  if (errors.length < MAX_FAULTS) return
  throw new LongshoreError('VALIDATION_FAILED', `At least ${MAX_FAULTS} items of ${pointer} are of the wrong type.`, {
    errors,
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
