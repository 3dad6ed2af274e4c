import type { Socket } from 'node:net'
import { LongshoreError } from '../../base/errors.ts'
import type { Component } from '../../base/lifecycle.ts'
import { Helper } from './helper.ts'
import { orphanedProcesses, signal } from './live-processes.ts'
import type { News, ProgramEnd, ProgramStart } from './orders.ts'
import { removeLeftFolders } from './socket-folder.ts'
import { StreamServer } from './stream-server.ts'

/** Starting a program holds a helper up for a millisecond, until the kernel has it: two start half as many again as one. */
const MAX_HELPERS = 2

/** A program that runs, its streams paused. */
export interface RunningProgram {
  pid: number
  stdout: Socket
  /** Undefined when it is mixed into standard output. */
  stderr: Socket | undefined
  /** Its file descriptor 3, both ways. */
  channel: Socket
  /** Resolves when nothing of it runs any more. */
  gone: Promise<ProgramEnd>
  /** SIGTERM to all of it, and SIGKILL to what is there after the grace. Harmless when it is gone. */
  end(graceMs: number): void
  /** Kills what the program, gone itself, left outside of its group; answers how many processes that were. */
  sweep(): Promise<number>
}

interface Watched {
  /** Name of the program, for people. */
  name: string
  helper: Helper
  started: PromiseWithResolvers<number>
  gone: PromiseWithResolvers<ProgramEnd>
  swept: PromiseWithResolvers<number> | undefined
}

/**
 * Starts programs through small helper processes, fast and without holding the event loop up however large this process
 * is, and sees to it that none outlives it, even when it is killed with SIGKILL.
 */
export class Supervisor implements Component {
  readonly #programs = new Map<number, Watched>()
  readonly #helpers: Helper[] = []
  #server: StreamServer | undefined
  #starting = 0
  #lastId = 0

  async start(): Promise<void> {
    await removeLeftFolders()
    for (const id of orphanedProcesses()) signal(id, 'SIGKILL')
    this.#server ??= await StreamServer.open()
    if (this.#helpers.length === 0) this.#addHelper(this.#server)
  }

  /** Ends every program at once. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await Promise.all(this.#helpers.splice(0).map((helper) => helper.stop()))
    for (const id of this.#programs.keys()) this.#giveUp(id)
    await server?.close()
  }

  /** Starts a program as the leader of a process group of its own. Throws `COMMAND_UNUSABLE` when it cannot be started. */
  async run(program: ProgramStart): Promise<RunningProgram> {
    if (this.#server === undefined) throw new LongshoreError('INTERRUPTED', 'No program is started after the stop.')
    const id = ++this.#lastId
    const watched: Watched = {
      name: program.argv[0],
      helper: this.#pickHelper(this.#server),
      started: Promise.withResolvers(),
      gone: Promise.withResolvers(),
      swept: undefined,
    }
    this.#programs.set(id, watched)
    this.#starting++
    try {
      const streams = this.#streams(this.#server, id, program)
      if (!watched.helper.order({ type: 'start', id, program })) this.#giveUp(id)
      const pid = await watched.started.promise
      return { pid, ...(await streams), ...this.#controls(id, watched) }
    } finally {
      this.#starting--
      this.#server?.forget(id)
    }
  }

  async #streams(server: StreamServer, id: number, { splitErrors = false }: ProgramStart) {
    const [stdout, stderr, channel] = await Promise.all([
      server.stream(id, 'stdout'),
      splitErrors ? server.stream(id, 'stderr') : undefined,
      server.stream(id, 'channel'),
    ])
    return { stdout, stderr, channel }
  }

  #controls(id: number, watched: Watched) {
    return {
      gone: watched.gone.promise,
      end: (graceMs: number) => void watched.helper.order({ type: 'end', id, graceMs }),
      sweep: (): Promise<number> => {
        watched.swept ??= Promise.withResolvers<number>()
        this.#programs.set(id, watched)
        if (!watched.helper.order({ type: 'sweep', id })) watched.swept.resolve(0)
        return watched.swept.promise.finally(() => this.#programs.delete(id))
      },
    }
  }

  #pickHelper(server: StreamServer): Helper {
    const isBusy = this.#starting >= this.#helpers.length
    if (this.#helpers.length === 0 || (isBusy && this.#helpers.length < MAX_HELPERS)) return this.#addHelper(server)
    const next = this.#helpers.shift() as Helper
    this.#helpers.push(next)
    return next
  }

  #addHelper(server: StreamServer): Helper {
    const helper: Helper = new Helper(server.path, {
      onNews: (news) => this.#hear(news),
      onDeath: () => this.#loseHelper(helper),
    })
    this.#helpers.push(helper)
    return helper
  }

  #hear(news: News): void {
    const watched = this.#programs.get(news.id)
    if (watched === undefined) return
    if (news.type === 'started') watched.started.resolve(news.pid)
    else if (news.type === 'swept') watched.swept?.resolve(news.killed)
    else {
      this.#programs.delete(news.id)
      if (news.type === 'gone') watched.gone.resolve(news)
      else watched.started.reject(notStarted(watched.name, news))
    }
  }

  #loseHelper(helper: Helper): void {
    const at = this.#helpers.indexOf(helper)
    if (at !== -1) this.#helpers.splice(at, 1)
    for (const [id, watched] of this.#programs) if (watched.helper === helper) this.#giveUp(id)
  }

  /** Its helper is gone, and killed it, or it was killed in the helper's place. */
  #giveUp(id: number): void {
    const watched = this.#programs.get(id)
    this.#programs.delete(id)
    watched?.started.reject(new LongshoreError('PROCESS_DIED', 'The helper that starts programs ended.'))
    watched?.gone.resolve({ code: null, signal: 'SIGKILL', leftBehind: false })
    watched?.swept?.resolve(0)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program. Give its path, or see that it lies in PATH and PATH is passed to it',
  EACCES: 'this user may not run it: see that it is a file with its execute permission set',
  ENOEXEC: 'it is no program that this machine can run; a script begins with #! and its interpreter',
  E2BIG: 'its arguments are too long together',
}

const NO_MEMORY_NOW: ReadonlySet<string> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'])

function notStarted(name: string, { code, message }: { code: string; message: string }): LongshoreError {
  const text = `The program ${JSON.stringify(name)} could not be started: ${REASONS[code] ?? message}.`
  return new LongshoreError('COMMAND_UNUSABLE', text, { retryable: NO_MEMORY_NOW.has(code) })
}
