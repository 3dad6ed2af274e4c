import type { ObjectStore } from '../storage/object-store.ts'
import type { Facts } from './facts.ts'
import { type PortCall, timedPort } from './timed-port.ts'
import { wrappedPort } from './wrapped-port.ts'

/** The verbs of the job engine that ask a database. */
const ENGINE_VERBS = [
  'insert',
  'get',
  'list',
  'counts',
  'files',
  'logs',
  'heartbeat',
  'save',
  'settle',
  'requestCancel',
  'requeue',
  'since',
  'rescue',
  'prune',
] as const

/** The ports beside the engine's own verbs, and what of them asks a database. */
const ENGINE_PORTS = {
  ingests: ['open', 'get', 'completeFile', 'extend', 'end', 'close', 'forget', 'listOpen', 'countOpen'],
  deliveries: ['claim', 'record', 'list', 'resend', 'counts'],
  schedules: ['create', 'get', 'list', 'change', 'delete', 'due', 'nextTick'],
  activity: ['count', 'ids', 'workers', 'queue', 'tallies', 'foldTallies'],
} as const

/** A port, as far as it is timed. */
type Timed<Verbs extends readonly string[]> = Record<Verbs[number], (...given: never[]) => Promise<unknown>>

/** An engine, as far as it is timed. */
type TimedEngine = Timed<typeof ENGINE_VERBS> & {
  readonly [Port in keyof typeof ENGINE_PORTS]: Timed<(typeof ENGINE_PORTS)[Port]>
}

/** The verbs of the object store that ask a disk or a server; signing a URL and opening a listing do not. */
const STORE_VERBS = [
  'put',
  'get',
  'head',
  'delete',
  'createUpload',
  'uploadPart',
  'listParts',
  'completeUpload',
  'abortUpload',
  'abortUploads',
] as const satisfies readonly (keyof ObjectStore)[]

/** The engine, its calls told as `engine.called`; those of a port beside it by both names, e.g. `deliveries.claim`. */
export function timedEngine<Engine extends TimedEngine>(engine: Engine, facts: Facts): Engine {
  const told =
    (prefix: string) =>
    ({ verb, durationMs, code }: PortCall): void =>
      facts.tell({ type: 'engine.called', verb: `${prefix}${verb}`, durationMs, code })
  const ports: Partial<TimedEngine> = {
    ingests: timedPort(engine.ingests, ENGINE_PORTS.ingests, told('ingests.')),
    deliveries: timedPort(engine.deliveries, ENGINE_PORTS.deliveries, told('deliveries.')),
    schedules: timedPort(engine.schedules, ENGINE_PORTS.schedules, told('schedules.')),
    activity: timedPort(engine.activity, ENGINE_PORTS.activity, told('activity.')),
  }
  return wrappedPort(timedPort(engine, ENGINE_VERBS, told('')), ports as Partial<Engine>)
}

/** The store, its calls told as `store.called`. */
export function timedStore(store: ObjectStore, facts: Facts): ObjectStore {
  return timedPort(store, STORE_VERBS, (call) => {
    const { verb, durationMs, code } = call
    facts.tell({ type: 'store.called', verb, durationMs, code, bytes: bytesWritten(call) })
  })
}

function bytesWritten({ verb, answer }: PortCall): number {
  if (verb !== 'put' && verb !== 'uploadPart') return 0
  if (typeof answer !== 'object' || answer === null || !('sizeBytes' in answer)) return 0
  return typeof answer.sizeBytes === 'number' ? answer.sizeBytes : 0
}
