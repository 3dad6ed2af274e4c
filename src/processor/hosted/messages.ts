import type { FileState, Job, JsonValue, OutputObject, Progress } from '../../job/job.ts'
import type { Resources } from '../../job/resources.ts'
import type { OutputPlan } from '../../output/job-outputs.ts'
import type { InputFile } from '../executor.ts'
import type { PackedThrown } from './thrown.ts'

/** One attempt as a host is given it. */
export interface HostedJob {
  jobId: string
  attempt: number
  files: readonly InputFile[]
  parameters: JsonValue
  checkpoint: JsonValue
  resources: Resources | null
  schedule: Job['schedule']
  workDir: string
  traceparent: string | null
  /** Least level of the attempt's log. */
  logLevel: string
  outputs: OutputPlan
}

/** What a host tells of an object that its writers make. */
export type ObjectMessage =
  | { type: 'object'; object: number; name: string; mediaType: string }
  | { type: 'object chunk'; object: number; chunk: Uint8Array }
  | { type: 'object end'; object: number }
  | { type: 'object abort'; object: number; failure: PackedThrown }

/** What the service tells a host: a thread or process that runs the processor, one job at a time. */
export type ToHost =
  | { type: 'run'; job: HostedJob }
  | { type: 'abort'; reason: PackedThrown }
  | { type: 'checkpoint saved'; save: number; failure?: PackedThrown }
  /** So many lines of the log were taken. */
  | { type: 'log taken'; lines: number }
  /** So many bytes of an object were taken. */
  | { type: 'object taken'; object: number; bytes: number }
  | { type: 'object stored'; object: number; output: OutputObject }
  | { type: 'object failed'; object: number; failure: PackedThrown }
  | { type: 'shut down' }

/** What a host tells the service. */
export type FromHost =
  /** The processor has started up. */
  | { type: 'ready'; name: string; version: string }
  | { type: 'not ready'; failure: PackedThrown }
  | { type: 'progress'; progress: Progress }
  /** Lines as pino makes them. */
  | { type: 'log'; lines: readonly string[] }
  | { type: 'checkpoint'; save: number; document: JsonValue }
  | { type: 'mark file'; index: number; state: Exclude<FileState, 'pending' | 'downloaded'>; error?: string }
  | { type: 'stray error'; failure: PackedThrown }
  | ObjectMessage
  /** `memoryBytes` is what the process holds, resident. */
  | { type: 'completed'; result: JsonValue; memoryBytes: number }
  | { type: 'failed'; failure: PackedThrown; memoryBytes: number }
  | { type: 'shut down'; failure?: PackedThrown }

let lastNumber = 0

/** Numbers the objects and checkpoints of a host, never twice, so that a late answer to one job does not reach the next. */
export function newNumber(): number {
  return ++lastNumber
}

/** The host's end of the line to the service. */
export interface ServiceLink {
  send(message: FromHost): void
}
