import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, sleep, systemClock } from '../src/base/clock.ts'
import { SqliteEngine } from '../src/engine/sqlite/sqlite-engine.ts'
import { newJob } from '../test/support/new-job.ts'
import { report } from './support/report.ts'

const WATCHED_MS = 5_000
const DELAYED_JOBS = 1_000

/** Counts the timers that fire. */
let fired = 0
const clock: Clock = {
  now: () => systemClock.now(),
  setTimer: (delayMs, action) =>
    systemClock.setTimer(delayMs, () => {
      fired++
      action()
    }),
}

/** Counts every use of a prepared statement, whoever prepared it. */
let statements = 0
const probe = new DatabaseSync(':memory:')
const Statement: object = Object.getPrototypeOf(probe.prepare('SELECT 1'))
for (const verb of ['all', 'get', 'run']) {
  const original: unknown = Reflect.get(Statement, verb)
  if (typeof original !== 'function') throw new Error(`statements have no ${verb}`)
  Reflect.set(Statement, verb, function counted(this: unknown, ...parameters: unknown[]): unknown {
    statements++
    return Reflect.apply(original, this, parameters)
  })
}

/** The house's timers keep no process alive; this one never fires. */
setInterval(() => {}, 2 ** 31 - 1)

const folder = await mkdtemp(join(process.cwd(), '.tmp-bench-'))
try {
  const engine = new SqliteEngine({ path: join(folder, 'longshore.db'), clock })
  await engine.start()
  const dispatch = engine.dispatch({ worker: 'bench', concurrency: 8, leaseMs: 60_000 }, async () => {})
  const later = systemClock.now() + 3_600_000
  const jobs = Array.from({ length: DELAYED_JOBS }, (_, n) => newJob(systemClock.now(), { runAt: later + n }))
  await Promise.all(jobs.map((job) => engine.insert(job)))
  await sleep(systemClock, 100)
  statements = 0
  fired = 0
  const before = process.cpuUsage()
  await sleep(systemClock, WATCHED_MS)
  const { user, system } = process.cpuUsage(before)
  const share = (user + system) / 1_000 / WATCHED_MS
  report({ what: 'statements of an idle engine', unit: 'in 5 s', ours: statements, goal: { atMost: 0 } })
  report({ what: 'timers fired in an idle engine', unit: 'in 5 s', ours: fired, goal: { atMost: 0 } })
  report({ what: 'processor time of an idle engine', unit: '% of a core', ours: share * 100, goal: { atMost: 1 } })
  await dispatch.stop()
  await engine.stop()
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exit(0)
