import type { Job, NewJob } from '../job/job.ts'
import type { Tracing } from './tracing.ts'
import { wrappedPort } from './wrapped-port.ts'

/** An engine, as far as it is traced. */
interface Inserting {
  insert(job: NewJob, limits?: { maxQueued: number }): Promise<{ job: Job; replayed: boolean }>
}

/** The engine, each job kept in a span of its own, which the job names from then on. */
export function tracedEngine<Engine extends Inserting>(engine: Engine, tracing: Tracing): Engine {
  const insert: Inserting['insert'] = (job, limits) => tracing.enqueue(job, (named) => engine.insert(named, limits))
  const instead: Partial<Inserting> = { insert }
  return wrappedPort(engine, instead as Partial<Engine>)
}
