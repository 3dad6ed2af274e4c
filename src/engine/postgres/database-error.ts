import { LongshoreError, messageOf, systemCodeOf } from '../../base/errors.ts'

/** SQLSTATE classes that say the statement itself is at fault: data, constraints, syntax (PostgreSQL, appendix A). */
const STATEMENT_CLASSES: ReadonlySet<string> = new Set(['21', '22', '23', '42', '54'])

/** The transaction was undone in favour of another one: the same statement may be run again at once. */
const UNDONE: ReadonlySet<string> = new Set(['40001', '40P01'])

const DISK_FULL = '53100'

/** PgBouncer says so of a connection that begins with settings of its own; a server never does. */
const REFUSED_BY_POOLER = 'unsupported startup parameter'

/** Whether the server refused the statement for what it is, and would again. */
export function isStatementFault(thrown: unknown): boolean {
  return STATEMENT_CLASSES.has(sqlStateOf(thrown)?.slice(0, 2) ?? '')
}

/** Whether the server undid the transaction in favour of another. */
export function wasUndone(thrown: unknown): boolean {
  return UNDONE.has(sqlStateOf(thrown) ?? '')
}

/** What a caller is told of a failed statement: no SQL and no address, the original as the cause. Other errors pass as they are. */
export function engineError(thrown: unknown): unknown {
  if (thrown instanceof LongshoreError || thrown instanceof TypeError) return thrown
  const state = sqlStateOf(thrown)
  const cause = { cause: thrown }
  if (state === DISK_FULL) {
    return new LongshoreError('STORAGE_FULL', 'The disk of the database is full. Free some space and try again.', cause)
  }
  if (isStatementFault(thrown)) {
    const text = `The job database refused what it was to keep (SQLSTATE ${state}).`
    return new LongshoreError('INTERNAL', text, { ...cause, retryable: false })
  }
  const detail = state ? `SQLSTATE ${state}` : (systemCodeOf(thrown) ?? 'connection lost')
  return new LongshoreError('ENGINE_UNAVAILABLE', `The job database cannot be reached just now (${detail}).`, cause)
}

/** What a person is told when the database cannot be used at the start. */
export function openError(failure: unknown): unknown {
  const isStatements = failure instanceof LongshoreError && sqlStateOf(failure.cause) !== undefined
  const thrown = isStatements ? failure.cause : failure
  if (thrown instanceof LongshoreError) return thrown
  if (messageOf(thrown).includes(REFUSED_BY_POOLER)) return poolerBetween(thrown)
  return new LongshoreError(
    'ENGINE_UNAVAILABLE',
    `The database of DATABASE_URL cannot be used: ${messageOf(thrown) || (systemCodeOf(thrown) ?? 'no connection')}. ` +
      'Check its address, user, password and name, that it takes writes, and that the user may create a schema in it or owns the one that is there.',
    { cause: thrown },
  )
}

function poolerBetween(thrown: unknown): LongshoreError {
  const text =
    'A pooler answers where the database server itself must: listening and migrating need it. Keep DATABASE_URL, and set ' +
    "DATABASE_LISTEN_URL to the server's own address."
  return new LongshoreError('CONFIG_INVALID', text, { cause: thrown })
}

function sqlStateOf(thrown: unknown): string | undefined {
  const code = systemCodeOf(thrown)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && thrown instanceof Error && 'severity' in thrown
    ? code
    : undefined
}
