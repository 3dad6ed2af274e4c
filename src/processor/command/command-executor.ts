import { environment } from '../../config.ts'
import type { JsonValue } from '../../job/job.ts'
import { NO_RESOURCES, type Resources } from '../../job/resources.ts'
import { checkResult, parseParameters } from '../checks.ts'
import type { Execution, Executor } from '../executor.ts'
import type { ProgramStart } from '../supervisor/orders.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { collectOutputs } from './collect-outputs.ts'
import { fillIn } from './command-line.ts'
import type { CommandProcessor } from './command-processor.ts'
import { CommandRun, type RunBounds } from './command-run.ts'
import { type Desk, layOut } from './desk.ts'

/** What the executor of a program stands on. */
export interface CommandExecutorParts extends RunBounds {
  supervisor: Supervisor
}

/** What looking for the processes that are left may take. */
const KILL_MS = 1_000

/** Runs a program for each attempt. */
export class CommandExecutor implements Executor {
  readonly endsWithinMs: number
  readonly #processor: CommandProcessor
  readonly #parts: CommandExecutorParts

  constructor(processor: CommandProcessor, parts: CommandExecutorParts) {
    this.endsWithinMs = parts.abortGraceMs + KILL_MS
    this.#processor = processor
    this.#parts = parts
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async execute(execution: Execution): Promise<JsonValue> {
    const { parametersSchema, resultSchema, options } = this.#processor
    execution.signal.throwIfAborted()
    const parameters = (await parseParameters(parametersSchema, execution.parameters)) ?? {}
    const desk = await layOut(execution, JSON.parse(JSON.stringify(parameters)))
    const program = await this.#parts.supervisor.run(this.#startOf(execution, desk))
    const run = new CommandRun(program, execution, options, this.#parts)
    const result = await checkResult(resultSchema, await run.result())
    await collectOutputs(desk.outDir, execution)
    return result
  }

  #startOf(execution: Execution, desk: Desk): ProgramStart {
    const { options } = this.#processor
    const stdin = { parameters: desk.paramsFile, input: desk.inputs[0], none: undefined }[options.stdin ?? 'none']
    return {
      argv: fillIn(options.command, desk),
      cwd: desk.workDir,
      splitErrors: true,
      env: {
        ...environment(options.passEnv),
        TMPDIR: desk.workDir,
        LONGSHORE_JOB: desk.jobFile,
        LONGSHORE_JOB_ID: execution.jobId,
        LONGSHORE_ATTEMPT: String(execution.attempt),
        ...shareOf(execution.resources),
        ...tickOf(execution.schedule),
        // The name that OpenTelemetry gives it between processes.
        ...(execution.traceparent !== null && { TRACEPARENT: execution.traceparent }),
        ...options.env,
      },
      ...(stdin !== undefined && { stdin }),
    }
  }
}

/** The schedule that submitted the job and its tick, where there are. */
function tickOf(schedule: Execution['schedule']): Record<string, string> {
  if (schedule === null) return {}
  const { name, tick } = schedule
  return { LONGSHORE_SCHEDULE: name, ...(tick !== null && { LONGSHORE_TICK: new Date(tick).toISOString() }) }
}

/** What the program may use, where that is counted. */
function shareOf(resources: Resources | null): Record<string, string> {
  const { cpu, memoryBytes, scratchBytes } = resources ?? NO_RESOURCES
  return {
    ...(cpu > 0 && { LONGSHORE_CPU: String(cpu) }),
    ...(memoryBytes > 0 && { LONGSHORE_MEMORY_BYTES: String(memoryBytes) }),
    ...(scratchBytes > 0 && { LONGSHORE_SCRATCH_BYTES: String(scratchBytes) }),
  }
}
