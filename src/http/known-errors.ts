import { type ErrorCode, LongshoreError, systemCodeOf } from '../base/errors.ts'

/** What Fastify and its plugins call the faults of a request, in the words of the error table. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'MALFORMED_REQUEST',
  FST_ERR_BAD_URL: 'MALFORMED_REQUEST',
  FST_ERR_MAX_PARAM_LENGTH: 'ROUTE_NOT_FOUND',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_NOT_FOUND: 'ROUTE_NOT_FOUND',
  FST_STATIC_FORBIDDEN_PATH: 'ROUTE_NOT_FOUND',
  FST_PARTS_LIMIT: 'TOO_MANY_FILES',
  FST_FILES_LIMIT: 'TOO_MANY_FILES',
  FST_FIELDS_LIMIT: 'MALFORMED_FORM',
  FST_REQ_FILE_TOO_LARGE: 'FILE_TOO_LARGE',
  FST_PROTO_VIOLATION: 'MALFORMED_FORM',
  FST_INVALID_JSON_FIELD_ERROR: 'MALFORMED_FORM',
  FST_MP_PREMATURE_CLOSE: 'MALFORMED_FORM',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  ENOSPC: 'STORAGE_FULL',
  EDQUOT: 'STORAGE_FULL',
}

const DETAILS: Partial<Record<ErrorCode, string>> = {
  UNSUPPORTED_MEDIA_TYPE:
    'The route does not take this content type. JSON routes take application/json, /ingest/upload takes multipart/form-data.',
  STORAGE_FULL: 'The service has no space left to keep this. Try again later.',
  ROUTE_NOT_FOUND: 'There is no such route.',
}

/** Where the code alone would not say what to do. */
const FAULTS: Readonly<Record<string, string>> = {
  FST_FIELDS_LIMIT:
    'The form has more fields beside its files than there are to give; see GET /docs for those it may have.',
  FST_PROTO_VIOLATION: 'The form has a field whose name is not allowed; see GET /docs for those it may have.',
}

/** Whatever was thrown as an error of the table. What is not known is `INTERNAL` and tells nothing of itself. */
export function knownError(thrown: unknown): LongshoreError {
  if (thrown instanceof LongshoreError) return thrown
  const name = systemCodeOf(thrown) ?? ''
  const code = CODES[name]
  if (code !== undefined && thrown instanceof Error) {
    return new LongshoreError(code, FAULTS[name] ?? DETAILS[code] ?? thrown.message, { cause: thrown })
  }
  const cause = thrown instanceof Error ? { cause: thrown } : {}
  return new LongshoreError(
    'INTERNAL',
    'The service made a mistake; its log has the details under this request_id.',
    cause,
  )
}
