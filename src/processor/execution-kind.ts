/** Runs the processor in threads of the service's process: code that computes for long cannot hold the service up. */
export interface ThreadExecution {
  kind: 'thread'
  /** The module that exports the processor, e.g. `new URL('./my-processor.ts', import.meta.url)`. It must not start a service itself. */
  module: URL
  /** Name of what it exports: a processor, or a class that is made without arguments. Unless given, `default`. */
  export?: string
  /** After so many jobs a thread gives way to a fresh one; no limit unless given. */
  maxJobsPerThread?: number
  /** Largest heap of a thread, in MiB; one that needs more is ended, and its attempt fails. Unless given, Node's own limit. */
  maxMemoryMb?: number
}

/** Runs the processor in processes: a crash, or memory that is never given back, stays in them. */
export interface ProcessExecution {
  kind: 'process'
  /** The module that exports the processor, e.g. `new URL('./my-processor.ts', import.meta.url)`. It must not start a service itself. */
  module: URL
  /** Name of what it exports: a processor, or a class that is made without arguments. Unless given, `default`. */
  export?: string
  /** After so many jobs a process gives way to a fresh one; no limit unless given. */
  maxJobsPerProcess?: number
  /** A process that holds more memory than this after a job, in MiB, gives way to a fresh one; no limit unless given. */
  maxMemoryMb?: number
}

/** How the code of a processor is run: on the service's own event loop, in threads or in processes. */
export type ExecutionKind = 'inline' | ThreadExecution | ProcessExecution
