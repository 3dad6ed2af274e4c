import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The example service in a process of its own. */
export interface DemoService extends AsyncDisposable {
  readonly url: string
  /** Resolves, with the reason, when the service ends by itself. */
  readonly died: Promise<Error>
}

/**
 * Starts `main.ts` on a free port and below a folder of its own. Neither the environment nor a `.env` of the caller
 * reaches it, so the demo always runs on the embedded engine and the local store.
 */
export async function startDemoService(folder: string): Promise<DemoService> {
  const logFile = join(folder, 'service.log')
  await mkdir(folder, { recursive: true })
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'main.ts')], {
    cwd: folder,
    env: { PATH: process.env.PATH, DATA_DIR: join(folder, 'data'), HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // However this process ends, short of being killed, the service does not outlive it.
  process.once('exit', () => child.kill('SIGKILL'))
  child.stdout.pipe(createWriteStream(logFile))
  const ended = once(child, 'exit')
  const died = ended.then(([code, signal]) => new Error(`The service ended (${code ?? signal}): see ${logFile}`))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  const url = await Promise.race([addressIn(child.stdout), died])
  if (url instanceof Error) throw url
  return { url, died, [Symbol.asyncDispose]: stop }
}

/** Waits for the line with which the service says where it listens. */
function addressIn(log: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: log }).on('line', (line) => {
      const url = /listens on (https?:\/\/[^\s"]+)/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}
