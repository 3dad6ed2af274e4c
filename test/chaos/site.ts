import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { installAudit } from './audit.ts'
import { type Line, openLine } from './line.ts'
import { Member } from './member.ts'
import type { ChaosOptions } from './options.ts'
import { MEMBERS, type Plan } from './plan.ts'

/** What leads from one member to the servers. */
export interface Lines {
  database: Line
  /** Of the connections that listen for notifications. */
  listening: Line
  store: Line
}

/** Everything that runs: PostgreSQL, an S3 server, four services, and the lines between them. */
export interface Site extends AsyncDisposable {
  readonly folder: string
  /** In the environment of every process that a service starts. */
  readonly mark: string
  readonly schema: string
  readonly effectsFile: string
  readonly postgres: PostgresServer
  readonly bucket: Bucket
  readonly members: readonly Member[]
  readonly lines: readonly Lines[]
  /** What was seen that must not be, as it happened. */
  readonly faults: string[]
  /** Scratch folders of attempts that are still there. */
  leftWorkFolders(): string[]
}

/** Opens the site of a run in a folder that keeps its logs. */
export async function openSite(folder: string, options: ChaosOptions, plan: Plan): Promise<Site> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await required('PostgreSQL', startPostgres()))
  const s3 = stack.use(await startS3Server())
  if (s3.name === 'fauxqs') throw new Error('The chaos needs a real S3 server: versitygw on PATH, or TEST_S3_URL.')
  const bucket = await new Bucket(s3).make()
  const shared = { schema: 'longshore', mark: randomUUID(), effectsFile: join(folder, 'effects.jsonl') }
  const faults: string[] = []
  const members: Member[] = []
  const lines: Lines[] = []
  for (const [index, { name, role, execution }] of MEMBERS.entries()) {
    const own = await openLines(postgres, s3, stack)
    lines.push(own)
    const dataDir = join(folder, name)
    mkdirSync(dataDir)
    members.push(
      new Member({
        name,
        port: await freePort(),
        logFile: join(folder, `${name}.log`),
        onStrayEnd: (how) => faults.push(how),
        settings: {
          ...settingsOf(options, own, s3, bucket),
          ROLE: role,
          DATA_DIR: dataDir,
          DATABASE_SCHEMA: shared.schema,
          LONGSHORE_CHAOS_EXECUTION: execution,
          LONGSHORE_CHAOS_RUN: shared.mark,
          LONGSHORE_CHAOS_EFFECTS: shared.effectsFile,
          LONGSHORE_CHAOS_CLOCK_MS: plan.wrongClock.member === index ? String(plan.wrongClock.offsetMs) : '0',
        },
      }),
    )
  }
  const [first, ...others] = members
  stack.defer(async () => void (await Promise.all(members.map((member) => member.stop()))))
  await first?.start()
  await installAudit(postgres.url, shared.schema)
  await Promise.all(others.map((member) => member.start()))
  const opened = stack.move()
  return {
    ...{ folder, postgres, bucket, members, lines, faults },
    ...shared,
    leftWorkFolders: () => MEMBERS.flatMap(({ name }) => readdirSync(join(folder, name, 'work'))),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function openLines(postgres: PostgresServer, s3: S3Server, stack: AsyncDisposableStack): Promise<Lines> {
  const database = stack.use(await openLine(portOf(postgres.url)))
  const listening = stack.use(await openLine(portOf(postgres.url)))
  const store = stack.use(await openLine(portOf(s3.endpoint)))
  return { database, listening, store }
}

/** Everything is quicker than by default, so that a minute shows what else takes an hour. */
function settingsOf({ leaseMs }: ChaosOptions, lines: Lines, s3: S3Server, bucket: Bucket): Record<string, string> {
  const at = (line: Line): string => `postgres://longshore@127.0.0.1:${line.port}/postgres`
  return {
    ...s3Settings(s3, bucket, `http://127.0.0.1:${lines.store.port}`),
    DATABASE_URL: at(lines.database),
    DATABASE_LISTEN_URL: at(lines.listening),
    LEASE_SECONDS: String(leaseMs / 1000),
    MAX_CONCURRENT_JOBS: '8',
    RETRY_BASE_SECONDS: '1',
    RETRY_CAP_SECONDS: '2',
    SHUTDOWN_GRACE_SECONDS: '1',
    ABORT_GRACE_SECONDS: '2',
    REQUEST_TIMEOUT_SECONDS: '15',
    MULTIPART_URL_TTL_SECONDS: '60',
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

async function required<What>(name: string, started: Promise<What | undefined>): Promise<What> {
  const server = await started
  if (server === undefined) throw new Error(`The chaos needs ${name}, which was not found on this machine.`)
  return server
}
