import type { JsonValue } from '../job/job.ts'
import { NO_RESOURCES } from '../job/resources.ts'
import type { AnySchema, BaseProcessor } from './base-processor.ts'
import { checkResult, parseParameters } from './checks.ts'
import { runAsJob } from './current-job.ts'
import type { Execution, Executor } from './executor.ts'
import type { JobInput, ScheduleTick } from './job-input.ts'

/** A checkpoint is for where to go on, not for data: data belongs into outputs. */
const MAX_CHECKPOINT_BYTES = 1024 * 1024

/** Runs the processor in this process, on this event loop. */
export class InlineExecutor implements Executor {
  readonly #processor: BaseProcessor<AnySchema, AnySchema>
  #started = false

  constructor(processor: BaseProcessor<AnySchema, AnySchema>) {
    this.#processor = processor
  }

  async start(): Promise<void> {
    await this.#processor.startup()
    this.#started = true
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    await this.#processor.shutdown()
  }

  async execute(execution: Execution): Promise<JsonValue> {
    execution.signal.throwIfAborted()
    const parameters = await parseParameters(this.#processor.parametersSchema, execution.parameters)
    const input = openInput(execution, parameters)
    const result = await runAsJob(execution, () => this.#processor.processInput(input))
    execution.signal.throwIfAborted()
    return checkResult(this.#processor.resultSchema, result)
  }
}

/** What most jobs do not use, folder, log and outputs, is made when it is asked for. */
function openInput(execution: Execution, parameters: unknown): JobInput {
  const { jobId, attempt, files, signal, traceparent } = execution
  const resources = execution.resources ?? NO_RESOURCES
  let checkpoint = execution.checkpoint
  return {
    jobId,
    attempt,
    files,
    parameters,
    resources,
    schedule: tickOf(execution.schedule),
    signal,
    traceparent,
    localPaths: files.filter((file) => file.path !== '').map((file) => file.path),
    get workDir() {
      return execution.workDir()
    },
    get log() {
      return execution.log
    },
    get outputs() {
      return execution.outputs
    },
    checkpoint: {
      load: <Document extends JsonValue>() => checkpoint as Document | null,
      save: async (document) => {
        const kept = plainCheckpoint(document)
        await execution.saveCheckpoint(kept)
        checkpoint = kept
      },
    },
    markFile: (file, state, error) => execution.markFile(file.index, state, error),
  }
}

function tickOf(schedule: Execution['schedule']): ScheduleTick | null {
  return schedule && { name: schedule.name, tick: schedule.tick === null ? null : new Date(schedule.tick) }
}

/** The document as the next attempt will find it, whatever becomes of the caller's. */
function plainCheckpoint(document: JsonValue): JsonValue {
  const json = JSON.stringify(document ?? null)
  const bytes = Buffer.byteLength(json)
  if (bytes > MAX_CHECKPOINT_BYTES) {
    throw new RangeError(`Expected a checkpoint of at most ${MAX_CHECKPOINT_BYTES} bytes of JSON, got ${bytes}.`)
  }
  return JSON.parse(json)
}
