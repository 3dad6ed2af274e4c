import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Component } from '../base/lifecycle.ts'
import type { AnySchema, BaseProcessor } from './base-processor.ts'
import { CommandExecutor } from './command/command-executor.ts'
import { CommandProcessor } from './command/command-processor.ts'
import type { ExecutionKind, ProcessExecution, ThreadExecution } from './execution-kind.ts'
import type { Executor } from './executor.ts'
import type { HostParts } from './hosted/host.ts'
import { HostedExecutor, heapMbOf } from './hosted/hosted-executor.ts'
import { ProcessHost } from './hosted/process-host.ts'
import { ThreadHost } from './hosted/thread-host.ts'
import { InlineExecutor } from './inline-executor.ts'
import { Supervisor } from './supervisor/supervisor.ts'

/** What a service can be made around: a class of the user's, whatever its schemas, or a program. */
export type AnyProcessor = BaseProcessor<AnySchema, AnySchema> | CommandProcessor

/** What executors stand on. */
export interface ExecutorGround {
  clock: Clock
  log: Logger
  /** Time from the abort of an attempt until force, and then between SIGTERM and SIGKILL. */
  abortGraceMs: number
}

/** An executor, and what must be started before it and stopped after it. */
export interface OpenedExecutor {
  executor: Executor
  below: readonly Component[]
}

/** What breaking off a thread, or looking for the processes that are left, may take. */
const KILL_MS = 1_000

/** Makes the executor that runs a processor. Throws `CONFIG_INVALID`. */
export function openExecutor(
  processor: AnyProcessor,
  kind: ExecutionKind | undefined,
  ground: ExecutorGround,
): OpenedExecutor {
  if (processor instanceof CommandProcessor) {
    if (kind !== undefined)
      throw new LongshoreError('CONFIG_INVALID', 'A CommandProcessor takes no execution: it is a program.')
    const supervisor = new Supervisor()
    return { executor: new CommandExecutor(processor, { ...ground, supervisor }), below: [supervisor] }
  }
  if (kind === undefined || kind === 'inline') return { executor: new InlineExecutor(processor), below: [] }
  const identity = { name: processor.name, version: processor.version }
  const parts = { ...ground, identity, heapMb: heapMbOf(processor.resources) }
  if (kind.kind === 'thread') return { executor: inThreads(kind, parts), below: [] }
  const supervisor = new Supervisor()
  return { executor: inProcesses(kind, parts, supervisor), below: [supervisor] }
}

type Ground = ExecutorGround & Pick<HostParts, 'identity' | 'heapMb'>

function inThreads(execution: ThreadExecution, ground: Ground): Executor {
  const hosted = hostedModuleOf(execution)
  const { maxJobsPerThread = Number.POSITIVE_INFINITY, maxMemoryMb } = execution
  return new HostedExecutor({
    ...ground,
    kind: 'thread',
    open: async (listener, heapMb) => new ThreadHost(hosted, smallest(heapMb, maxMemoryMb), listener),
    killMs: KILL_MS,
    maxJobs: maxJobsPerThread,
    maxMemoryBytes: Number.POSITIVE_INFINITY,
  })
}

function inProcesses(execution: ProcessExecution, ground: Ground, supervisor: Supervisor): Executor {
  const hosted = hostedModuleOf(execution)
  const { maxJobsPerProcess = Number.POSITIVE_INFINITY, maxMemoryMb = Number.POSITIVE_INFINITY } = execution
  return new HostedExecutor({
    ...ground,
    kind: 'process',
    open: (listener, heapMb) =>
      ProcessHost.start({ supervisor, hosted, heapMb, graceMs: ground.abortGraceMs }, listener),
    killMs: ground.abortGraceMs + KILL_MS,
    maxJobs: maxJobsPerProcess,
    maxMemoryBytes: maxMemoryMb * 1024 * 1024,
  })
}

function smallest(...limits: readonly (number | undefined)[]): number | undefined {
  const least = Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY))
  return Number.isFinite(least) ? least : undefined
}

function hostedModuleOf({ module, export: name = 'default' }: ThreadExecution | ProcessExecution) {
  if (module instanceof URL) return { module: module.href, export: name }
  const text = `Expected execution.module to be a URL, e.g. new URL('./my-processor.ts', import.meta.url), got ${String(module)}.`
  throw new LongshoreError('CONFIG_INVALID', text)
}
