import type { Logger } from 'pino'
import type { Clock } from '../../base/clock.ts'
import type { FromHost, ToHost } from './messages.ts'

/** Who hears what a host says. */
export interface HostListener {
  onMessage(message: FromHost): void
  /** A line that the host's code wrote to its standard output or error. */
  onOutput(stream: 'stdout' | 'stderr', line: string): void
}

/** A thread or process in which the processor runs, as the service holds it. */
export interface Host {
  send(message: ToHost): void
  /** Resolves when nothing of it runs any more, with how it ended, e.g. `signal SIGSEGV`. */
  readonly ended: Promise<string>
  /** Ends it, whatever it is doing. */
  kill(): Promise<void>
}

/** Starts a host; what it says goes to the listener from the first word on. Its heap grows to `heapMb` MiB, where that is given. */
type OpenHost = (listener: HostListener, heapMb: number | undefined) => Promise<Host>

/** What a pool of threads or processes is made of. */
export interface HostParts {
  kind: 'thread' | 'process'
  open: OpenHost
  /** Largest heap of the first host, in MiB, which jobs without a word of their own get too. */
  heapMb: number | undefined
  /** Whom the hosts must say they run. */
  identity: { name: string; version: string }
  clock: Clock
  /** Time from the abort of an attempt until its host is ended by force. */
  abortGraceMs: number
  /** Time that ending a host by force may take. */
  killMs: number
  /** After so many jobs a fresh host takes over. */
  maxJobs: number
  /** So does it when the host holds more than this after a job. */
  maxMemoryBytes: number
  /** The service's log, for what a host prints when it has no job. */
  log: Logger
}
