import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const MAIN = join(import.meta.dirname, 'fixture-main.ts')

/** A service in a process of its own. */
export interface ServiceProcess extends AsyncDisposable {
  url: string
  pid: number
  /** What it has logged so far. */
  lines: string[]
  /** Ends it and answers how: the exit code, or the signal. */
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
  /** How it ended. */
  ended: Promise<number | NodeJS.Signals | null>
}

/** Starts the fixture service on a free port; rejects with its output when it ends before it listens. */
export async function startService(settings: Record<string, string>, main = MAIN): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ['--conditions=longshore-source', main], {
    env: { ...process.env, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null)
  const url = await Promise.race([listening(child, lines), ended.then((how) => failToStart(how, lines))])
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return {
    url,
    pid: child.pid ?? 0,
    lines,
    kill,
    ended,
    [Symbol.asyncDispose]: async () => {
      await kill('SIGKILL')
    },
  }
}

function listening(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        const url = /listens on (http:\/\/[^\s"]+)/.exec(line)?.[1]
        if (url) resolve(url)
      })
    }
  })
}

function failToStart(how: unknown, lines: string[]): never {
  throw new Error(`The service ended (${how}) before it listened:\n${lines.join('\n')}`)
}
