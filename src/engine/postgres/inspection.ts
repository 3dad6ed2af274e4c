import { Pool } from 'pg'
import { openError } from './database-error.ts'
import { MIGRATIONS, type MigrationOptions, OLDEST_SERVER, versionOf } from './migrations.ts'

/** What a database is to us, as far as can be seen without changing it. */
export interface DatabaseState {
  /** Version of the server, e.g. `16.4`. */
  readonly server: string
  /** Whether the server has all we use. */
  readonly isServerKnown: boolean
  /** Version of our schema; 0 when it is not there, undefined when the user may not look. */
  readonly version: number | undefined
  /** The version this Longshore works with. */
  readonly newest: number
  /** What the user may not do but the service does, e.g. `USAGE on schema longshore`. */
  readonly missingRights: readonly string[]
}

/** Nobody waits longer for a server that does not answer. */
const ANSWER_MS = 10_000

/** Looks at the database, and changes nothing. Throws `ENGINE_UNAVAILABLE` when it cannot be reached. */
export async function inspectDatabase({ url, schema, workerSchema }: MigrationOptions): Promise<DatabaseState> {
  const pool = new Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    application_name: 'longshore doctor',
  })
  pool.on('error', () => {})
  try {
    const { rows } = await pool.query(
      "SELECT current_setting('server_version') AS server, current_setting('server_version_num')::integer AS number",
    )
    const ours = await missingRights(pool, schema)
    return {
      // A distribution adds its own words.
      server: String(rows[0]?.server).split(' ', 1)[0] ?? '',
      isServerKnown: Number(rows[0]?.number) >= OLDEST_SERVER,
      version: ours.length === 0 ? await versionOf(pool, schema) : undefined,
      newest: MIGRATIONS.length,
      missingRights: [...new Set([...ours, ...(await missingRights(pool, workerSchema))])],
    }
  } catch (thrown) {
    throw openError(thrown)
  } finally {
    await pool.end()
  }
}

/** A schema that is not there will have to be made; in one that is there, every table is read and written. */
async function missingRights(pool: Pool, schema: string): Promise<string[]> {
  const { rows } = await pool.query<{ missing: string }>(RIGHTS_SQL, [schema])
  return rows.map(({ missing }) => missing)
}

const RIGHTS_SQL = `
  WITH place AS (SELECT oid FROM pg_namespace WHERE nspname = $1)
  SELECT 'CREATE on database ' || current_database() AS missing
    WHERE NOT EXISTS (SELECT FROM place) AND NOT has_database_privilege(current_database(), 'CREATE')
  UNION ALL
  SELECT 'USAGE on schema ' || $1::text FROM place WHERE NOT has_schema_privilege(oid, 'USAGE')
  UNION ALL
  SELECT kind || ' on table ' || $1::text || '.' || relname
    FROM place JOIN pg_class ON relnamespace = place.oid AND relkind IN ('r', 'p'),
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS kind
    WHERE NOT has_table_privilege(pg_class.oid, kind)`
