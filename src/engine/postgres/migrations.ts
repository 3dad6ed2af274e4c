import type { Pool, PoolClient } from 'pg'
import { LongshoreError } from '../../base/errors.ts'
import { openError } from './database-error.ts'
import { migrateDoorbell } from './doorbell.ts'
import { sql as jobs } from './migrations/0001-jobs.ts'
import { sql as traceparent } from './migrations/0002-traceparent.ts'
import { sql as tenants } from './migrations/0003-tenants.ts'
import { sql as deliveries } from './migrations/0004-deliveries.ts'
import { sql as schedules } from './migrations/0005-schedules.ts'
import { sql as activity } from './migrations/0006-activity.ts'
import { sql as resources } from './migrations/0007-resources.ts'
import { sql as tenantQueues } from './migrations/0008-tenant-queues.ts'
import { sql as logLines } from './migrations/0009-log-lines.ts'
import { sql as readySizes } from './migrations/0010-ready-sizes.ts'
import { sql as tenantGroups } from './migrations/0011-tenant-groups.ts'
import { sql as tenantDue } from './migrations/0012-tenant-due.ts'
import { DIRECT, openPool } from './open-pool.ts'
import { quoted } from './quoted.ts'

/** Every step of the schema, oldest first. A step that was released is never edited: the next change is a new step. */
export const MIGRATIONS: readonly string[] = [
  jobs,
  traceparent,
  tenants,
  deliveries,
  schedules,
  activity,
  resources,
  tenantQueues,
  logLines,
  readySizes,
  tenantGroups,
  tenantDue,
]

/** "LSHR": nobody migrates while another does. */
const MIGRATION_LOCK = 0x4c53_4852

/** Oldest PostgreSQL that has all we use. */
export const OLDEST_SERVER = 130_000

/** Where the tables are. */
export interface MigrationOptions {
  /** Reaches the server itself, not through a pooler. */
  url: string
  schema: string
  workerSchema: string
}

/** What migrating came to. */
export interface Migrated {
  /** The version the schema had; 0 when it was not there. */
  from: number
  /** The version it has now. */
  to: number
}

/**
 * Brings our schema and Graphile Worker's to the newest version, one replica at a time, each step with its number in one
 * transaction. Throws `ENGINE_UNAVAILABLE`, and `CONFIG_INVALID` when the schema is newer than this version knows.
 */
export async function migrateDatabase(
  options: MigrationOptions,
  steps: readonly string[] = MIGRATIONS,
): Promise<Migrated> {
  const connection = { connectionString: options.url, max: 4, application_name: 'longshore migrate', ...DIRECT }
  const pool = openPool(connection, () => {})
  try {
    const client = await pool.connect()
    try {
      return await migrateAlone(client, pool, options, steps)
    } finally {
      client.release(true)
    }
  } catch (thrown) {
    throw openError(thrown)
  } finally {
    await pool.end()
  }
}

/** Throws `CONFIG_INVALID` unless the schema is at the version this one works with. */
export async function checkVersion(options: MigrationOptions): Promise<void> {
  const connection = { connectionString: options.url, max: 1, application_name: 'longshore', ...DIRECT }
  const pool = openPool(connection, () => {})
  try {
    const version = await versionOf(pool, options.schema)
    refuseNewer(options.schema, version, MIGRATIONS.length)
    if (version === MIGRATIONS.length) return
  } catch (thrown) {
    throw openError(thrown)
  } finally {
    await pool.end()
  }
  throw new LongshoreError(
    'CONFIG_INVALID',
    `The schema "${options.schema}" of the database is not up to date. Run \`longshore migrate\`, or set MIGRATE_ON_START=true.`,
  )
}

async function migrateAlone(
  client: PoolClient,
  pool: Pool,
  { schema, workerSchema }: MigrationOptions,
  steps: readonly string[],
): Promise<Migrated> {
  await refuseOldServer(client)
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
  const from = await versionOf(client, schema)
  refuseNewer(schema, from, steps.length)
  await migrateDoorbell(pool, workerSchema)
  for (let done = from; done < steps.length; done++) await takeStep(client, schema, steps[done] ?? '', done + 1)
  return { from, to: steps.length }
}

async function takeStep(client: PoolClient, schema: string, step: string, version: number): Promise<void> {
  await client.query('BEGIN')
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`)
  // Of this transaction alone: the steps name their tables without a schema.
  await client.query(`SET LOCAL search_path TO ${quoted(schema)}`)
  await client.query(
    'CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
  )
  await client.query(step)
  await client.query('INSERT INTO migrations (version) VALUES ($1)', [version])
  await client.query('COMMIT')
}

/** The version a schema has; 0 when it is not there. */
export async function versionOf(on: Pool | PoolClient, schema: string): Promise<number> {
  const table = `${quoted(schema)}.migrations`
  const { rows } = await on.query('SELECT to_regclass($1) IS NOT NULL AS known', [table])
  if (rows[0]?.known !== true) return 0
  const newest = await on.query(`SELECT coalesce(max(version), 0) AS version FROM ${table}`)
  return Number(newest.rows[0]?.version)
}

function refuseNewer(schema: string, version: number, known: number): void {
  if (version <= known) return
  throw new LongshoreError(
    'CONFIG_INVALID',
    `The schema "${schema}" was written by a newer version of Longshore (it is ${version}, this version knows ${known}). ` +
      'Upgrade Longshore, or use another DATABASE_SCHEMA.',
  )
}

async function refuseOldServer(client: PoolClient): Promise<void> {
  const { rows } = await client.query("SELECT current_setting('server_version_num')::integer AS number")
  const number = Number(rows[0]?.number)
  if (number >= OLDEST_SERVER) return
  throw new LongshoreError(
    'CONFIG_INVALID',
    `The database server is PostgreSQL ${Math.floor(number / 10_000)}; expected ${OLDEST_SERVER / 10_000} or newer.`,
  )
}
