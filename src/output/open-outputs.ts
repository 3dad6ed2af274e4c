import { LongshoreError } from '../base/errors.ts'
import type { OutputObject } from '../job/job.ts'
import { jobFolder } from '../storage/object-uri.ts'
import { AttemptObjects } from './attempt-objects.ts'
import { FileWriter, type FileWriterOptions } from './file-writer.ts'
import type { AttemptOutputs, OutputPlan, ReceivedObject } from './job-outputs.ts'
import { JsonlWriter, type JsonlWriterOptions } from './jsonl-writer.ts'
import type { OutputStore } from './object-sink.ts'
import { type OutputDescription, writeResultsIndex } from './results-index.ts'
import { WebDatasetWriter, type WebDatasetWriterOptions } from './webdataset-writer.ts'

/** What the outputs of one attempt are opened with. */
export interface OpenOutputsOptions extends OutputPlan {
  store: OutputStore
  /** Once it aborts, every write throws its reason. */
  signal: AbortSignal
}

/** Opens the outputs of one attempt. Nothing is written before a writer is opened. */
export function openOutputs(options: OpenOutputsOptions): AttemptOutputs {
  return new OpenOutputs(options)
}

/** What all writers have in common. */
interface Writer {
  close(): Promise<unknown>
}

class OpenOutputs implements AttemptOutputs {
  readonly #options: OpenOutputsOptions
  readonly #objects: AttemptObjects
  readonly #writers: Writer[] = []
  #committed: Promise<readonly OutputObject[]> | undefined
  #discarded: Promise<void> | undefined

  constructor(options: OpenOutputsOptions) {
    const { store, bucket, signal } = options
    this.#options = options
    this.#objects = new AttemptObjects({ store, bucket, prefix: outputPrefix(options), signal })
  }

  get baseUri(): string {
    return this.#objects.baseUri
  }

  jsonl<Row = unknown>(options: JsonlWriterOptions<Row> = {}): JsonlWriter<Row> {
    return this.#keep(new JsonlWriter<Row>(this.#objects, this.#options.chunkSizeBytes, options))
  }

  webDataset(options: WebDatasetWriterOptions = {}): WebDatasetWriter {
    return this.#keep(new WebDatasetWriter(this.#objects, this.#options.shardSizeBytes, options))
  }

  file(name: string, options: FileWriterOptions = {}): FileWriter {
    return this.#keep(new FileWriter(this.#objects, name, options))
  }

  writeResultsIndex(
    outputs: readonly (OutputDescription | null)[],
    metrics?: Record<string, unknown>,
  ): Promise<string> {
    return writeResultsIndex(this.#objects, this.#options.jobId, outputs, metrics)
  }

  get plan(): OutputPlan {
    const { bucket, resultsPrefix, jobId, attempt, chunkSizeBytes, shardSizeBytes } = this.#options
    return { bucket, resultsPrefix, jobId, attempt, chunkSizeBytes, shardSizeBytes }
  }

  receive(name: string, mediaType: string): ReceivedObject {
    this.#objects.claim(name)
    const sink = this.#objects.open(name, mediaType)
    return {
      write: (chunk) => sink.write(chunk),
      close: () => this.#objects.close(name),
      abort: (reason) => sink.abort(reason),
    }
  }

  commit(): Promise<readonly OutputObject[]> {
    this.#committed ??= this.#closeAll()
    return this.#committed
  }

  discard(): Promise<void> {
    this.#discarded ??= this.#objects.discard()
    return this.#discarded
  }

  async #closeAll(): Promise<readonly OutputObject[]> {
    await Promise.all(this.#writers.map((writer) => writer.close()))
    this.#objects.throwIfFailed()
    this.#objects.fail(new LongshoreError('UNRECOVERABLE', 'The outputs of this attempt are already committed.'))
    return this.#objects.written()
  }

  #keep<Kind extends Writer>(writer: Kind): Kind {
    this.#writers.push(writer)
    return writer
  }
}

/** Begins the key of every object of the attempt; ends with a slash. */
export function outputPrefix({ resultsPrefix, jobId, attempt }: OutputPlan): string {
  const ofJob = jobFolder(resultsPrefix, jobId)
  return attempt === 1 ? ofJob : `${ofJob}attempt-${attempt}/`
}
