import { spawn } from 'node:child_process'
import { existsSync, writeSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { serialize } from 'node:v8'
import { BaseProcessor, type JobInput, z } from '../../src/index.ts'

const Parameters = z.object({
  trouble: z.enum(['exit', 'promise', 'timer', 'memory', 'escape', 'print', 'channel', 'message']).optional(),
  /** Memory that is kept for good. */
  keepMiB: z.number().default(0),
})

type Input = JobInput<z.output<typeof Parameters>>

const kept: Buffer[] = []

/** A message as it crosses to the service: its length, then itself. */
function frameOf(message: object): Buffer {
  const body = serialize(message)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(body.length)
  return Buffer.concat([length, body])
}

/** A processor that does what no processor should, and answers the process and how many jobs it has seen. */
export default class TroubledProcessor extends BaseProcessor<z.ZodType, typeof Parameters> {
  readonly name: string = 'troubled'
  readonly version = '1.0.0'
  readonly resultSchema = z.unknown()
  override readonly parametersSchema = Parameters
  #jobs = 0

  async processInput({ parameters, signal }: Input) {
    this.#jobs++
    if (parameters.keepMiB > 0) kept.push(Buffer.alloc(parameters.keepMiB * 1024 * 1024, 1))
    if (parameters.trouble) await this.#cause(parameters.trouble, signal)
    return { pid: process.pid, jobs: this.#jobs }
  }

  async #cause(trouble: NonNullable<Input['parameters']['trouble']>, signal: AbortSignal): Promise<void> {
    const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    if (trouble === 'channel') writeSync(3, 'this is no message')
    if (trouble === 'message') writeSync(3, frameOf({ type: 'log', lines: 5 }))
    if (trouble === 'print') return console.error('last words ☠')
    if (trouble === 'exit') {
      console.error('out of ink')
      setTimeout(() => process.exit(7), 50)
    } else if (trouble === 'promise') void Promise.reject(new Error('forgotten'))
    else if (trouble === 'timer') setTimeout(() => JSON.parse('forgotten'))
    else if (trouble === 'memory') for (const hoard: unknown[] = []; ; ) hoard.push(new Array(1e5).fill(hoard.length))
    else if (trouble === 'escape') {
      const escaped = spawn('setsid', ['sleep', '1000'], { stdio: 'ignore' })
      this.reportProgress({ percent: 1, message: String(escaped.pid) })
    }
    await aborted
  }
}

/** It cannot start up. */
export class Unstartable extends TroubledProcessor {
  override async startup(): Promise<void> {
    throw new Error('no model file')
  }
}

/** Its first process starts up and every other never does; each writes its id down. */
export class SecondNeverStarts extends TroubledProcessor {
  override async startup(): Promise<void> {
    const isFirst = !existsSync(process.env.DIARY ?? '')
    await appendFile(process.env.DIARY ?? '', `${process.pid} `)
    while (!isFirst) await sleep(1_000)
  }
}

/** It is not the one that was asked for. */
export class Stranger extends TroubledProcessor {
  override readonly name = 'stranger'
}

/** It notes its startups and shutdowns in a file. */
export class Diarist extends TroubledProcessor {
  override async startup(): Promise<void> {
    await appendFile(process.env.DIARY ?? '', 'up ')
  }
  override async shutdown(): Promise<void> {
    await appendFile(process.env.DIARY ?? '', 'down ')
  }
}
