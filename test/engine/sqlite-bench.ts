import { join } from 'node:path'
import { SqliteEngine, type SqliteEngineOptions } from '../../src/engine/sqlite/sqlite-engine.ts'
import { type EngineBench, MAX_LOG_LINES } from '../conformance/job-engine/bench.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** An embedded engine on the bench. */
export interface SqliteBench extends EngineBench {
  engine: SqliteEngine
  clock: ManualClock
  folder: string
  path: string
  errors: unknown[]
  reopen(): Promise<SqliteEngine>
}

/** A started engine in a fresh folder. */
export async function sqliteBench(options: Partial<SqliteEngineOptions> = {}): Promise<SqliteBench> {
  const folder = await tempFolder()
  const clock = new ManualClock()
  const path = options.path ?? join(folder.path, 'longshore.db')
  const errors: unknown[] = []
  const open = async (): Promise<SqliteEngine> => {
    const settings = { path, clock, maxLogLines: MAX_LOG_LINES, onError: (thrown: unknown) => errors.push(thrown) }
    const engine = new SqliteEngine({ ...settings, ...options })
    await engine.start()
    return engine
  }
  const bench: SqliteBench = {
    engine: await open(),
    clock,
    folder: folder.path,
    path,
    errors,
    advance: (byMs) => clock.advance(byMs),
    async reopen() {
      await bench.engine.stop()
      bench.engine = await open()
      return bench.engine
    },
    async [Symbol.asyncDispose]() {
      await bench.engine.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
  return bench
}
