import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BaseProcessor, type JobInput, SnoozeError, UnrecoverableError, type z } from '../../src/index.ts'
import { ChaosParameters, ChaosResult, CheckpointedWork, type Effect } from './work.ts'

type Input = JobInput<z.output<typeof ChaosParameters>>

/** Does what its parameters say, and writes every effect down where a kill cannot take it back. */
export default class ChaosProcessor extends BaseProcessor<typeof ChaosResult, typeof ChaosParameters> {
  readonly name = 'chaos'
  readonly version = '1.0.0'
  readonly resultSchema = ChaosResult
  override readonly parametersSchema = ChaosParameters

  async processInput(input: Input): Promise<z.input<typeof ChaosResult>> {
    const { attempt, parameters, checkpoint } = input
    const token = tokenOf(input)
    this.#note(input, 'begin')
    const resumed = CheckpointedWork.parse(checkpoint.load() ?? {})
    if (parameters.fail === 'unrecoverable') throw new UnrecoverableError('this can never work')
    if (parameters.fail === 'always' || attempt < parameters.failUntil) throw new Error(`attempt ${attempt} failed`)
    if (parameters.snoozeMs > 0 && !resumed.snoozed) {
      await checkpoint.save({ ...resumed, snoozed: true })
      throw new SnoozeError(parameters.snoozeMs)
    }
    await this.#work(input, resumed)
    await this.#write(input, token)
    const digests = await Promise.all(input.localPaths.map(digestOf))
    this.#note(input, 'end')
    return { token, attempt, resumedFrom: resumed.steps, digests }
  }

  async #work(input: Input, resumed: z.output<typeof CheckpointedWork>): Promise<void> {
    const { parameters, signal, checkpoint, log } = input
    await writeFile(join(input.workDir, 'scratch'), input.jobId)
    for (let step = resumed.steps + 1; step <= parameters.steps; step++) {
      await delay(parameters.stepMs, undefined, { signal })
      log.info({ step, token: tokenOf(input) }, 'step')
      this.reportProgress({ percent: (100 * step) / parameters.steps })
      this.#note(input, 'step')
      if (parameters.checkpointEvery > 0 && step % parameters.checkpointEvery === 0) {
        await checkpoint.save({ ...resumed, steps: step })
      }
    }
  }

  async #write({ jobId, parameters, outputs, signal }: Input, token: number): Promise<void> {
    if (parameters.records === 0) return
    const responses = outputs.jsonl()
    const artifacts = outputs.webDataset()
    for (let i = 0; i < parameters.records; i++) {
      signal.throwIfAborted()
      await responses.write({ job: jobId, token, i })
      await artifacts.add('input', String(i), Buffer.from(`${jobId} ${token} ${i}`), '.txt')
    }
    await outputs.writeResultsIndex([await responses.close(), await artifacts.close()], { records: parameters.records })
  }

  #note({ jobId, attempt, workDir }: Input, what: Effect['what']): void {
    const at = Number(process.hrtime.bigint() / 1000n) / 1000
    const effect: Effect = { what, job: jobId, token: tokenOf({ workDir }), attempt, pid: process.pid, at }
    appendFileSync(process.env.LONGSHORE_CHAOS_EFFECTS ?? '', `${JSON.stringify(effect)}\n`)
  }
}

/** The fencing token is the end of the work directory's name: nothing else of an attempt shows it to a processor. */
function tokenOf({ workDir }: Pick<Input, 'workDir'>): number {
  return Number(basename(workDir).split('-').at(-1))
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
