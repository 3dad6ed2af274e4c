import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { PostgresEngine, type PostgresEngineOptions } from '../../src/engine/postgres/postgres-engine.ts'
import { COMPLETED, type EngineBench, MAX_LOG_LINES, runOne, submit } from '../conformance/job-engine/bench.ts'
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import type { PostgresServer } from '../support/postgres-server.ts'

/** A PostgreSQL engine on the bench. */
export interface PostgresBench extends EngineBench {
  engine: PostgresEngine
  clock: ManualClock
  url: string
  schema: string
  errors: unknown[]
  reopen(): Promise<PostgresEngine>
  /** Another replica on the same schema; the bench stops it. */
  replica(options?: Partial<PostgresEngineOptions>): Promise<PostgresEngine>
  sql(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

/** A started engine in a schema of its own. */
export async function postgresBench(
  server: Pick<PostgresServer, 'url'>,
  options: Partial<PostgresEngineOptions> = {},
): Promise<PostgresBench> {
  const clock = new ManualClock()
  const schema = `test_${randomBytes(6).toString('hex')}`
  const errors: unknown[] = []
  const engines: PostgresEngine[] = []
  const open = async (wishes: Partial<PostgresEngineOptions> = {}): Promise<PostgresEngine> => {
    const onError = (thrown: unknown): number => errors.push(thrown)
    const where = { url: server.url, schema, poolSize: 6 }
    const engine = new PostgresEngine({ ...where, clock, maxLogLines: MAX_LOG_LINES, onError, ...options, ...wishes })
    await engine.start()
    engines.push(engine)
    return engine
  }
  const bench: PostgresBench = {
    engine: await open(),
    clock,
    url: server.url,
    schema,
    errors,
    advance: (byMs) => clock.advance(byMs),
    replica: open,
    async reopen() {
      await bench.engine.stop()
      bench.engine = await open()
      return bench.engine
    },
    async sql(statement, values) {
      const client = new Client({ connectionString: server.url })
      await client.connect()
      try {
        return (await client.query(statement, values)).rows
      } finally {
        await client.end()
      }
    },
    async [Symbol.asyncDispose]() {
      for (const engine of engines) await engine.stop()
      await bench.sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
    },
  }
  return bench
}

/** One whose engine has completed a job: each of its writers has a row of sums, as one has that is not new. */
export async function usedBench(server: Pick<PostgresServer, 'url'> | undefined): Promise<PostgresBench> {
  const bench = await postgresBench(server ?? { url: '' })
  await submit(bench)
  await runOne(bench, COMPLETED)
  return bench
}

/** Stands before the server at `url`. */
export function proxyOf(url: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url)
  return cuttingProxy(hostname, Number(port || 5432))
}

/** How the server at `url` is reached through a proxy before it. */
export function through({ port }: CuttingProxy, url: string): string {
  const way = new URL(url)
  way.host = `127.0.0.1:${port}`
  return way.href
}
