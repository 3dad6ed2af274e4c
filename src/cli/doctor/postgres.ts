import { LongshoreError, messageOf, systemCodeOf } from '../../base/errors.ts'
import type { Config } from '../../config.ts'
import { type DatabaseState, inspectDatabase } from '../../engine/postgres/inspection.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, failed } = findingsOf('database')

/** Where the database is and how it is used. */
type DatabaseConfig = NonNullable<Config['database']>

/** Whether the database of DATABASE_URL can be reached, is new enough, up to date, and lets its user do all that a service does. */
export async function checkPostgres(database: DatabaseConfig): Promise<Finding[]> {
  const { url, listenUrl } = database
  const findings = await checkOne(database, url, 'DATABASE_URL')
  if (listenUrl === url) return findings
  return [...findings, ...(await checkOne(database, listenUrl, 'DATABASE_LISTEN_URL'))]
}

async function checkOne(database: DatabaseConfig, url: string, setting: string): Promise<Finding[]> {
  try {
    return [...findingsOn(await inspectDatabase({ ...database, url }), database, placeOf(url))]
  } catch (failure) {
    if (!(failure instanceof LongshoreError)) throw failure
    const message = `The database of ${setting}, ${placeOf(url)}, cannot be used: ${reasonOf(failure)}`
    return [failed(message, 'Check its address, user, password and name, and that this machine may connect to it')]
  }
}

function* findingsOn(state: DatabaseState, database: DatabaseConfig, place: string): Generator<Finding> {
  const { server, isServerKnown, version, missingRights } = state
  if (!isServerKnown) yield failed(`${place} is PostgreSQL ${server}, which is too old`, 'Use PostgreSQL 13 or newer')
  if (missingRights.length > 0) {
    yield failed(`The user of ${place} lacks ${listed(missingRights)}`, 'GRANT it, or connect as the owner')
  }
  if (version !== undefined) yield checkSchema(version, state, database, `PostgreSQL ${server} at ${place}`)
}

function checkSchema(
  version: number,
  { newest }: DatabaseState,
  { schema, migrates }: DatabaseConfig,
  where: string,
): Finding {
  const what = `${where}; the schema "${schema}"`
  if (version > newest) {
    return failed(
      `${what} is at version ${version}, this Longshore knows ${newest}`,
      'Upgrade Longshore, or set DATABASE_SCHEMA to another schema',
    )
  }
  if (version === newest) return ok(`${what} is at version ${version}, the newest`)
  const stands = version === 0 ? 'does not exist yet' : `is at version ${version}`
  if (migrates) return ok(`${what} ${stands}; the next start brings it to ${newest}`)
  return failed(`${what} ${stands}, ${newest} is needed`, 'Run `longshore migrate`, or set MIGRATE_ON_START=true')
}

/** Rights that are told at most. */
const TOLD = 4

function listed(rights: readonly string[]): string {
  const more = rights.length - TOLD
  return rights.slice(0, TOLD).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Host and name of a database, without its user and password. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'the database'
  const { host, pathname } = new URL(url)
  return `${host}${decodeURI(pathname)}`
}

/** What the driver or the server said; what to do about it is ours to say. */
function reasonOf(failure: LongshoreError): string {
  if (failure.cause === undefined) return failure.message
  return messageOf(failure.cause) || (systemCodeOf(failure.cause) ?? 'no connection')
}
