import type { ObjectStore } from '../storage/object-store.ts'
import type { Facts } from './facts.ts'
import { type PortCall, timedPort } from './timed-port.ts'

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

/** An engine, as far as it is timed. */
type TimedEngine = Record<(typeof ENGINE_VERBS)[number], (...given: never[]) => Promise<unknown>>

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

/** The engine, its calls told as `engine.called`. */
export function timedEngine<Engine extends TimedEngine>(engine: Engine, facts: Facts): Engine {
  return timedPort(engine, ENGINE_VERBS, ({ verb, durationMs, code }) =>
    facts.tell({ type: 'engine.called', verb, durationMs, code }),
  )
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
