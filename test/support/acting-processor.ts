import { setImmediate as turn } from 'node:timers/promises'
import { BaseProcessor, type JobInput, SnoozeError, UnrecoverableError, z } from '../../src/index.ts'

export const Result = z.object({ total: z.number().min(0) })

export const Parameters = z.object({
  act: z.string().default('answer'),
  factor: z.coerce.number().default(2),
})

type Input = JobInput<z.output<typeof Parameters>>

/** A processor that does one thing at a time, for the rules that every executor keeps. */
export default class ActingProcessor extends BaseProcessor<typeof Result, typeof Parameters> {
  readonly name = 'acting'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  override readonly parametersSchema = Parameters

  async processInput(input: Input): Promise<z.input<typeof Result>> {
    const act = ACTS[input.parameters.act]
    if (act === undefined) throw new Error(`there is no act ${input.parameters.act}`)
    return { total: (await act(input, (percent, message) => this.reportProgress({ percent, message }))) ?? 0 }
  }
}

type Act = (input: Input, report: (percent: number, message: string) => void) => Promise<number | undefined>

const ACTS: Readonly<Record<string, Act>> = {
  answer: async ({ parameters }) => parameters.factor,
  'bad result': async () => -1,
  progress: async ({ jobId }, report) => {
    for (let percent = 1; percent <= 100; percent++) {
      report(percent, jobId)
      await turn()
    }
    return undefined
  },
  checkpoint: async ({ checkpoint }) => {
    const { at } = checkpoint.load<{ at: number }>() ?? { at: 0 }
    await checkpoint.save({ at: at + 1 })
    return checkpoint.load<{ at: number }>()?.at
  },
  log: async ({ log }) => {
    log.info({ cells: 3 }, 'first')
    log.warn('second')
    return undefined
  },
  span: async ({ log, traceparent }) => {
    log.info(traceparent ?? 'none')
    return undefined
  },
  schedule: async ({ log, schedule }) => {
    log.info(schedule ? `${schedule.name} ${schedule.tick?.toISOString()}` : 'none')
    return undefined
  },
  outputs: async ({ outputs }) => {
    await outputs.file('notes/a.txt').write('hello')
    await outputs.file('empty.bin').close()
    return undefined
  },
  mark: async ({ files, markFile }) => {
    if (files[1]) markFile(files[1], 'failed', 'broken')
    return undefined
  },
  wait: async ({ signal }, report) => {
    report(1, 'waiting')
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return undefined
  },
  spin: async (_, report) => {
    report(1, String(process.pid))
    while (true) {}
  },
  unrecoverable: async () => {
    throw new UnrecoverableError('no such cell')
  },
  snooze: async () => {
    throw new SnoozeError(5_000)
  },
  fail: async () => {
    throw new TypeError('x is undefined')
  },
}
