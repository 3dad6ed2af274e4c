import type { Job, NewJob } from '../job/job.ts'
import type { Tracing } from './tracing.ts'
import { wrappedPort } from './wrapped-port.ts'

/** Schedules, as far as they are traced. */
interface Changing {
  change(changes: readonly { jobs: readonly NewJob[] }[], roomOf?: unknown): Promise<boolean[]>
}

/** An engine, as far as it is traced. */
interface Inserting {
  insert(job: NewJob, limits?: { maxQueued: number }): Promise<{ job: Job; replayed: boolean }>
  readonly schedules: Changing
}

/** The engine, each job kept in a span of its own, which the job names from then on. */
export function tracedEngine<Engine extends Inserting>(engine: Engine, tracing: Tracing): Engine {
  const insert: Inserting['insert'] = (job, limits) => tracing.enqueue(job, (named) => engine.insert(named, limits))
  const instead: Partial<Inserting> = { insert, schedules: tracedSchedules(engine.schedules, tracing) }
  return wrappedPort(engine, instead as Partial<Engine>)
}

function tracedSchedules(schedules: Changing, tracing: Tracing): Changing {
  return wrappedPort(schedules, {
    change: (changes, roomOf) => tracing.enqueueWithin(changes, (named) => schedules.change(named, roomOf)),
  })
}
