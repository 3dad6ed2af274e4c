import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BaseProcessor, type JobInput, SnoozeError, UnrecoverableError, z } from '../../src/index.ts'

const Result = z.object({
  attempt: z.number(),
  resumedFrom: z.number(),
  digests: z.record(z.string(), z.string()),
})

const Parameters = z.strictObject({
  /** Works this long, in steps that watch the signal. */
  workMs: z.number().min(0).default(0),
  /** Goes on working this long after its signal aborted. */
  deafMs: z.number().min(0).default(0),
  /** An attempt that finds no checkpoint goes on working until its signal aborts. */
  holdsFirst: z.boolean().default(false),
  /** Fails every attempt before this one. */
  failUntil: z.number().default(0),
  fail: z.enum(['unrecoverable', 'always', 'bad-result']).optional(),
  /** Leaves a rejected promise, or an error in a timer, behind. */
  stray: z.enum(['promise', 'timer']).optional(),
  /** When that throws, from the beginning of the attempt. */
  strayAfterMs: z.number().default(10),
  snoozeOnceMs: z.number().optional(),
  /** Writes this many records and artifacts. */
  records: z.number().default(0),
  /** Each of this size. */
  recordKiB: z.number().default(0),
  /** Fails every attempt before this one once its records are written. */
  failAfterOutputsUntil: z.number().default(0),
  /** Writes one output of this size. */
  bulkMiB: z.number().default(0),
})

type Input = JobInput<z.output<typeof Parameters>>

/** A processor that does what its parameters say, for tests of the service around it. */
export class FixtureProcessor extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'fixture'
  readonly version = '1.2.3'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters
  /** How many jobs run now, and ran at once at most. */
  running = 0
  mostRunning = 0

  async processInput(input: Input): Promise<z.input<typeof Result>> {
    this.running += 1
    this.mostRunning = Math.max(this.mostRunning, this.running)
    try {
      return await this.#process(input)
    } finally {
      this.running -= 1
    }
  }

  async #process(input: Input): Promise<z.input<typeof Result>> {
    const resumedFrom = input.checkpoint.load<number>() ?? 0
    await this.#obeyFailures(input)
    if (input.parameters.workMs > 0) await writeFile(join(input.workDir, 'scratch'), input.jobId)
    await this.#work(input, resumedFrom)
    await this.#write(input)
    await this.#writeBulk(input)
    if (input.attempt < input.parameters.failAfterOutputsUntil) throw new Error('failed after its outputs')
    const digests: Record<string, string> = {}
    for (const path of input.localPaths) {
      digests[basename(path)] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    }
    if (input.parameters.fail === 'bad-result') return JSON.parse('{"attempt":"one"}')
    return { attempt: input.attempt, resumedFrom, digests }
  }

  async #obeyFailures({ attempt, parameters, checkpoint, log }: Input): Promise<void> {
    if (parameters.stray === 'promise')
      void delay(parameters.strayAfterMs).then(() => Promise.reject(new Error('forgotten')))
    if (parameters.stray === 'timer') setTimeout(() => assert.fail('forgotten'), parameters.strayAfterMs)
    log.info({ parameters }, `attempt ${attempt} begins`)
    if (parameters.fail === 'unrecoverable') throw new UnrecoverableError('this can never work')
    if (parameters.fail === 'always' || attempt < parameters.failUntil) throw new Error(`attempt ${attempt} failed`)
    if (parameters.snoozeOnceMs !== undefined && checkpoint.load() === null) {
      await checkpoint.save(1)
      throw new SnoozeError(parameters.snoozeOnceMs)
    }
  }

  async #work({ jobId, parameters, signal, checkpoint }: Input, resumedFrom: number): Promise<void> {
    const steps = Math.ceil(parameters.workMs / 20)
    for (let step = 1; step <= steps; step++) {
      await delay(20, undefined, { signal }).catch(() => delay(parameters.deafMs))
      signal.throwIfAborted()
      this.reportProgress({ percent: (100 * step) / steps, message: jobId })
      if (step === 1) await checkpoint.save(step)
    }
    while (parameters.holdsFirst && resumedFrom === 0) await delay(1_000, undefined, { signal })
  }

  async #writeBulk({ parameters, outputs }: Input): Promise<void> {
    if (parameters.bulkMiB === 0) return
    const bulk = outputs.file('bulk.bin')
    for (let i = 0; i < parameters.bulkMiB; i++) await bulk.write(Buffer.alloc(1024 * 1024, i))
    await bulk.close()
  }

  async #write({ jobId, parameters, outputs }: Input): Promise<void> {
    if (parameters.records === 0) return
    const responses = outputs.jsonl()
    const artifacts = outputs.webDataset()
    for (let i = 0; i < parameters.records; i++) {
      const padding = parameters.recordKiB > 0 && { padding: 'p'.repeat(parameters.recordKiB * 1024) }
      await responses.write({ job: jobId, i, ...padding })
      await artifacts.add('input', String(i), Buffer.from(`${jobId} ${i}`.padEnd(parameters.recordKiB * 1024)), '.txt')
    }
    await outputs.writeResultsIndex([await responses.close(), await artifacts.close()], { records: parameters.records })
  }
}
