import type { z } from 'zod'
import type { ResourceNeeds } from '../job/resources.ts'
import { type ProgressReport, reportProgress } from './current-job.ts'
import type { JobInput } from './job-input.ts'

/** The schema of a processor that takes any parameters, or gives any result. */
export type AnySchema = z.ZodType

/**
 * What a user writes: one class that turns the input files of a job into a result.
 *
 * @typeParam Result the zod schema of the result
 * @typeParam Parameters the zod schema of the parameters a submitter may give
 */
export abstract class BaseProcessor<Result extends AnySchema = AnySchema, Parameters extends AnySchema = AnySchema> {
  /** Name the service answers under; letters, digits, dots and hyphens. */
  abstract readonly name: string
  /** Version of the processor; kept with every job. */
  abstract readonly version: string
  /** What `processInput` returns; a result that does not match, or is more than 16 MiB of JSON, fails the job and says where. */
  abstract readonly resultSchema: Result
  /**
   * What a submitter may give as `parameters`. None at all count as `{}`; without a schema, any JSON. Checked when the job
   * is submitted; a schema with asynchronous checks, when it runs.
   */
  readonly parametersSchema?: Parameters
  /**
   * `download` (default) fetches every input file before `processInput` is called. `uri` only checks that it exists:
   * for processors that read objects themselves, and for jobs whose files are too large for this machine.
   */
  readonly inputs: 'download' | 'uri' = 'download'

  /**
   * What a job takes of a worker while it runs, unless its submitter says otherwise: a worker begins only what fits what is
   * free of its budget. Nothing unless given.
   */
  readonly resources?: ResourceNeeds
  /** The same, where it depends on the parameters. Called at the submit; with asynchronous checks in `parametersSchema`, with what was submitted. */
  resourcesFor?(parameters: z.output<Parameters>): ResourceNeeds

  /** Works on one job. Called for many jobs at once, so what belongs to a job stays in its `input`. */
  abstract processInput(input: JobInput<z.output<Parameters>>): Promise<z.input<Result>>

  /** Called once before the first job, in each thread or process that runs the processor; a failure keeps the service from starting, and `shutdown` is then not called. */
  async startup(): Promise<void> {}

  /** Called once after the last job, in each of them. A failure is the exit code 1; all else is stopped as usual. */
  async shutdown(): Promise<void> {}

  /** Says what the job being worked on is doing. Cheap: call it as often as you like, a few a second are written. */
  protected reportProgress(progress: ProgressReport): void {
    reportProgress(progress)
  }
}
