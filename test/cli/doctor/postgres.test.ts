import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Client } from 'pg'
import { checkPostgres } from '../../../src/cli/doctor/postgres.ts'
import { parseConfig } from '../../../src/config.ts'
import { MIGRATIONS, migrateDatabase } from '../../../src/engine/postgres/migrations.ts'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts'

let server: PostgresServer | undefined

before(async () => {
  server = await startPostgres()
})

after(() => server?.[Symbol.asyncDispose]())

/** A database of its own name on the server, with how to speak to it. Undefined where there is no server to test with. */
async function openPlace() {
  if (server === undefined) return undefined
  const name = `doctor_${randomBytes(4).toString('hex')}`
  await ask(server.url, `CREATE DATABASE ${name}`)
  const url = Object.assign(new URL(server.url), { pathname: name }).href
  return { name, url, host: new URL(url).host }
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

function check(url: string, settings: Record<string, string> = {}) {
  const { database } = parseConfig({ DATABASE_URL: url, ...settings })
  assert.ok(database)
  return checkPostgres(database)
}

const NEWEST = MIGRATIONS.length

test('a database without our schema is fine when the next start makes it, and is not changed', async (t) => {
  const place = await openPlace()
  if (place === undefined) return t.skip('no PostgreSQL')
  for (let times = 0; times < 2; times++) {
    const [finding, ...others] = await check(place.url)
    assert.deepEqual([finding?.verdict, others], ['ok', []])
    assert.match(finding?.message ?? '', /^PostgreSQL \d+\S* at 127\.0\.0\.1:\d+\/doctor_/)
    assert.ok(
      finding?.message.endsWith(`; the schema "longshore" does not exist yet; the next start brings it to ${NEWEST}`),
    )
  }
})

test('a schema that the service will not bring up to date fails, and is fine once it was migrated', async (t) => {
  const place = await openPlace()
  if (place === undefined) return t.skip('no PostgreSQL')
  const [before] = await check(place.url, { MIGRATE_ON_START: 'false' })
  assert.deepEqual([before?.verdict, before?.todo], ['failed', 'Run `longshore migrate`, or set MIGRATE_ON_START=true'])
  await migrateDatabase({ url: place.url, schema: 'longshore', workerSchema: 'graphile_worker' })
  const [after, ...others] = await check(place.url, { MIGRATE_ON_START: 'false' })
  assert.deepEqual([after?.verdict, others], ['ok', []])
  assert.ok(after?.message.endsWith(`is at version ${NEWEST}, the newest`), after?.message)
  await ask(place.url, 'INSERT INTO longshore.migrations (version) VALUES (999)')
  const [newer] = await check(place.url)
  assert.deepEqual(
    [newer?.verdict, newer?.message.split('; ')[1]],
    ['failed', `the schema "longshore" is at version 999, this Longshore knows ${NEWEST}`],
  )
})

test('a user who may not make the schemas, or not use them, is told what is lacking', async (t) => {
  const place = await openPlace()
  if (place === undefined) return t.skip('no PostgreSQL')
  const { name, url, host } = place
  await ask(url, `CREATE ROLE ${name} LOGIN PASSWORD 'a-secret-word'`)
  const theirs = Object.assign(new URL(url), { username: name, password: 'a-secret-word' }).href
  const lacking = (await check(theirs)).filter(({ verdict }) => verdict === 'failed')
  assert.deepEqual(
    lacking.map(({ message }) => message),
    [`The user of ${host}/${name} lacks CREATE on database ${name}`],
  )
  await migrateDatabase({ url, schema: 'longshore', workerSchema: 'graphile_worker' })
  const [locked] = await check(theirs)
  assert.match(locked?.message ?? '', /lacks USAGE on schema longshore, .* and \d+ more$/)
  await ask(
    url,
    `GRANT USAGE ON SCHEMA longshore, graphile_worker TO ${name};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA longshore, graphile_worker TO ${name};
    REVOKE DELETE ON longshore.jobs FROM ${name}`,
  )
  const [partly] = await check(theirs)
  assert.equal(partly?.message, `The user of ${host}/${name} lacks DELETE on table longshore.jobs`)
  await ask(url, `GRANT DELETE ON longshore.jobs TO ${name}`)
  assert.deepEqual(
    (await check(theirs)).map(({ verdict }) => verdict),
    ['ok'],
  )
})

test('a server that is not there fails without telling the password, for each of the two addresses', async () => {
  const url = 'postgres://me:a-secret-word@127.0.0.1:9/name'
  const findings = await check(url, { DATABASE_LISTEN_URL: url.replace('name', 'direct') })
  assert.deepEqual(
    findings.map(({ verdict, message }) => [verdict, message]),
    [
      ['failed', 'The database of DATABASE_URL, 127.0.0.1:9/name, cannot be used: connect ECONNREFUSED 127.0.0.1:9'],
      [
        'failed',
        'The database of DATABASE_LISTEN_URL, 127.0.0.1:9/direct, cannot be used: connect ECONNREFUSED 127.0.0.1:9',
      ],
    ],
  )
})
