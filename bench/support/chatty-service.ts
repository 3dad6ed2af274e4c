import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { BaseProcessor, createApp, type JobInput, z } from '../../src/index.ts'

/** A service, in a process of its own, that runs a hundred jobs at once, each of which reports progress four times a second. */
const Result = z.object({})

class Chatty extends BaseProcessor<typeof Result> {
  readonly name = 'chatty'
  readonly version = '1.0.0'
  readonly resultSchema = Result
  override readonly inputs = 'uri'

  async processInput({ signal }: JobInput) {
    for (let step = 0; !signal.aborted; step = (step + 1) % 400) {
      this.reportProgress({ percent: step / 4, message: `step ${step}` })
      await pause(250, undefined, { signal })
    }
    return {}
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const settings = { DATA_DIR: dataDir, LOG_LEVEL: 'silent', MAX_CONCURRENT_JOBS: '100', SHUTDOWN_GRACE_SECONDS: '0' }
const app = createApp(new Chatty(), { settings })
const url = await app.listen({ host: '127.0.0.1', port: 0 })
const lag = monitorEventLoopDelay({ resolution: 1 })

/** Begins to measure, or tells the 99th percentile of the loop's lag since then, in ms. */
process.on('message', (wanted: 'begin' | 'lag') => {
  if (wanted === 'begin') {
    lag.reset()
    lag.enable()
    return
  }
  // What it measures is the whole interval between its own looks, of 1 ms.
  process.send?.(lag.percentile(99) / 1e6 - 1)
})
process.on('disconnect', async () => {
  await app.close()
  rmSync(dataDir, { recursive: true, force: true })
  process.exit()
})
process.send?.({ url, uri: '' })
