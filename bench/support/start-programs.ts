import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { finished } from 'node:stream/promises'
import { Supervisor } from '../../src/processor/supervisor/supervisor.ts'

/**
 * Starts `/bin/true` many times, eight at once, from a process that holds so many MiB, through the supervisor or with Node's
 * own spawn; tells how many a second, and how late the event loop was.
 */
const [, , ballastMiB = '0', how = 'supervisor', count = '1000'] = process.argv
const AT_ONCE = 8

const ballast = Buffer.alloc(Number(ballastMiB) * 1024 * 1024, 1)
const supervisor = new Supervisor()
await supervisor.start()
const start = how === 'supervisor' ? startSupervised : startDirectly
await startMany(50)
const lag = monitorEventLoopDelay({ resolution: 1 })
lag.enable()
const begun = performance.now()
await startMany(Number(count))
const seconds = (performance.now() - begun) / 1000
lag.disable()
process.send?.({ perSecond: Number(count) / seconds, lagMs: lag.percentile(99) / 1e6 - 1, held: ballast.length })
await supervisor.stop()

async function startMany(total: number): Promise<void> {
  let left = total
  const startSome = async (): Promise<void> => {
    while (left-- > 0) await start()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, startSome))
}

async function startSupervised(): Promise<void> {
  const { stdout, channel, gone } = await supervisor.run({ argv: ['/bin/true'], cwd: '/', env: {} })
  const ends = [stdout, channel].map((stream) => finished(stream.resume(), { writable: false }))
  await Promise.all([gone, ...ends])
}

async function startDirectly(): Promise<void> {
  await once(spawn('/bin/true', { stdio: 'ignore', detached: true }), 'exit')
}
