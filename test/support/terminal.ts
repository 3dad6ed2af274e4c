import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { tempFolder } from './temp-folder.ts'

const run = promisify(execFile)

/** How a terminal is opened. */
export interface TerminalOptions {
  columns: number
  rows?: number
  cwd: string
  env?: Readonly<Record<string, string>>
}

/** A shell in a real terminal, which is tmux's. */
export interface Terminal extends AsyncDisposable {
  /** Types a command line, and does not wait. */
  enter(line: string): Promise<void>
  /** Waits until the shell asks for the next command, and answers what the last one left on the screen. */
  ended(options?: { escapes?: boolean }): Promise<{ output: string; code: number }>
  /** Types a command line, and waits for its end. */
  run(line: string, options?: { escapes?: boolean }): Promise<{ output: string; code: number }>
  /** Presses a key, by tmux's name, e.g. `C-c`. */
  press(key: string): Promise<void>
  /** Lines on the screen, and those that have left it at the top, as they stand there; trailing blanks are cut off. */
  screen(options?: { escapes?: boolean }): Promise<string>
  /** Waits until the screen shows something, and answers the screen. */
  shows(pattern: RegExp): Promise<string>
}

/** How long a pattern may take to appear. */
const PATIENCE_MS = 60_000

/** The prompt of the shell: the number of the command, and the exit code of the one before it. */
const PROMPT = '[\\#:$?] '

/** What the shell writes between the command line and what the command writes. */
const BEGIN = '-- begin --'

/**
 * Opens a shell in a terminal of a given width. Each terminal has a tmux server of its own, which ends with this process,
 * however that ends: a client that reads from us is attached, and the session does not outlive its last client.
 */
export async function openTerminal({ columns, rows = 50, cwd, env = {} }: TerminalOptions): Promise<Terminal> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(await tempFolder())
  const server = ['-u', '-S', join(folder.path, 'tmux'), '-f', '/dev/null']
  const tmux = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('tmux', [...server, ...args], {
      // The PATH of a pane is that of the caller, whatever `-e` says.
      env: { ...process.env, ...env },
    })
    return stdout
  }
  const settings = { PS1: PROMPT, PS0: `${BEGIN}\n`, HISTFILE: '/dev/null', ...env }
  const variables = Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const size = ['-x', String(columns), '-y', String(rows)]
  await tmux('new-session', '-d', ...size, '-c', cwd, ...variables, 'bash', '--norc', '--noprofile', '-i')
  opened.defer(async () => {
    await tmux('kill-server').catch(() => {})
  })
  const keeper = spawn('tmux', [...server, '-C', 'attach-session', '-f', 'ignore-size,no-output'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  await once(keeper.stdout, 'data')
  keeper.stdout.resume()
  await tmux('set-option', 'destroy-unattached', 'on')
  const screen = async ({ escapes = false } = {}): Promise<string> => {
    const text = await tmux('capture-pane', '-p', ...(escapes ? ['-e'] : []), '-S', '-')
    return text.trimEnd()
  }
  const shows = async (pattern: RegExp): Promise<string> => {
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await delay(50)) {
      const text = await screen()
      if (pattern.test(text)) return text
    }
    throw new Error(`The terminal does not show ${pattern}:\n${await screen()}`)
  }
  let commands = 0
  const enter = async (line: string): Promise<void> => {
    commands += 1
    await tmux('send-keys', '-l', line)
    await tmux('send-keys', 'Enter')
  }
  const ended = async (options?: { escapes?: boolean }): Promise<{ output: string; code: number }> => {
    const prompt = new RegExp(`^\\[${commands + 1}:(\\d+)\\]$`, 'm')
    const code = Number(prompt.exec(await shows(prompt))?.[1])
    const text = await screen(options)
    const begin = text.lastIndexOf(BEGIN) + BEGIN.length + 1
    return { code, output: text.slice(begin, text.lastIndexOf(`[${commands + 1}:`)).trimEnd() }
  }
  await shows(/^\[1:0\]$/m)
  const whole = opened.move()
  return {
    screen,
    shows,
    enter,
    ended,
    run: async (line, options) => {
      await enter(line)
      return ended(options)
    },
    press: async (key) => {
      await tmux('send-keys', key)
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}
