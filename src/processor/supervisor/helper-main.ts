import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { sleep, systemClock } from '../../base/clock.ts'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { holdersOf, isAlive, MARK, markedProcesses, signal } from './live-processes.ts'
import { type News, type Order, type ProgramStart, type ProgramStream, streamHeader } from './orders.ts'
import { ProgramGroup } from './program-group.ts'

const SWEEP_POLL_MS = 5
/** Looking through all processes takes as long as starting several: once for all programs that ended meanwhile. */
const STRAYS_AFTER_MS = 2_000

/**
 * The helper that starts programs for the service and ends them with it. It is small, so that starting a program is fast
 * however large the service is: fork copies the page tables of its caller. It sees the service die, even of SIGKILL, by
 * the end of their pipe, and then kills all that it started.
 */
const [, , socketPath = '', markPrefix = ''] = process.argv
const groups = new Map<number, ProgramGroup>()
/** Programs that ended since the last search: the service still hears them out, and sweeps up what holds their streams. */
const justEnded = new Set<number>()
/** The sockets that are the streams of a program, until it is swept up or was searched for. */
const sockets = new Map<number, ReadonlySet<string>>()
let searchIsDue = false

/** Signals are for the service to hear, which tells what to do; a terminal sends them to everyone. */
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})
process.on('message', (order: Order) => obey(order))
process.on('disconnect', endEverything)

function obey(order: Order): void {
  if (order.type === 'start') void start(order.id, order.program)
  else if (order.type === 'end') void groups.get(order.id)?.end(order.graceMs)
  else void sweep(order.id)
}

/** Resolves when all that carried the program's mark are gone. */
async function sweep(id: number): Promise<void> {
  const killed = new Set<number>()
  for (;;) {
    for (const each of markedProcesses(markOf(id), (rest) => rest === '')) killed.add(each)
    for (const each of holdersOf(sockets.get(id) ?? new Set())) killed.add(each)
    const left = [...killed].filter(isAlive)
    if (left.length === 0) return tell({ type: 'swept', id, killed: killed.size })
    kill(left)
    await sleep(systemClock, SWEEP_POLL_MS)
  }
}

/** Kills what has left the group of its program, holds none of its streams, and outlived it. */
function searchStrays(): void {
  kill(markedProcesses(`${markPrefix}.`, (id) => !groups.has(Number(id)) && !justEnded.has(Number(id))))
  searchIsDue = false
  for (const id of sockets.keys()) if (!groups.has(id) && !justEnded.has(id)) sockets.delete(id)
  if (justEnded.size > 0) searchLater()
  justEnded.clear()
}

function searchLater(): void {
  if (!searchIsDue) systemClock.setTimer(STRAYS_AFTER_MS, searchStrays)
  searchIsDue = true
}

async function start(id: number, program: ProgramStart): Promise<void> {
  try {
    const child = await launch(id, program)
    const group = new ProgramGroup(child, markOf(id), systemClock)
    groups.set(id, group)
    tell({ type: 'started', id, pid: child.pid })
    const end = await group.gone
    groups.delete(id)
    tell({ type: 'gone', id, ...end })
    justEnded.add(id)
    searchLater()
  } catch (failure) {
    tell({ type: 'not started', id, code: systemCodeOf(failure) ?? '', message: messageOf(failure) })
  }
}

async function launch(id: number, program: ProgramStart): Promise<ChildProcess & { pid: number }> {
  const streams = await openStreams(id, program.splitErrors ? ['stdout', 'stderr', 'channel'] : ['stdout', 'channel'])
  let stdin: number | undefined
  try {
    if (program.stdin !== undefined) stdin = openSync(program.stdin, 'r')
    const { stdout, stderr = stdout, channel } = streams
    sockets.set(id, new Set(Object.values(streams).map(socketOf)))
    const [command, ...rest] = program.argv
    const child = spawn(command, rest, {
      cwd: program.cwd,
      env: { ...program.env, [MARK]: markOf(id) },
      stdio: [stdin ?? 'ignore', stdout, stderr, channel],
      detached: true,
    })
    if (!hasPid(child)) throw (await once(child, 'error'))[0]
    return child
  } finally {
    if (stdin !== undefined) closeSync(stdin)
    for (const stream of Object.values(streams)) stream.destroy()
  }
}

/** Connections that lead straight to the service: what a program writes does not pass through here. */
async function openStreams(id: number, names: readonly ProgramStream[]): Promise<Record<string, Socket>> {
  const opened = names.map(async (name) => {
    const stream = connect(socketPath)
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject)
      stream.write(streamHeader(id, name), () => resolve())
    })
    makeBlocking(stream)
    return [name, stream] as const
  })
  return Object.fromEntries(await Promise.all(opened))
}

/** Programs expect a stream that lets them wait; Node's own are not so, and there is no public way to say it. */
function makeBlocking(stream: Socket & { _handle?: { setBlocking(blocking: boolean): void } }): void {
  stream._handle?.setBlocking(true)
}

function socketOf(stream: Socket & { _handle?: { fd: number } }): string {
  return stream._handle ? `socket:[${fstatSync(stream._handle.fd).ino}]` : ''
}

function hasPid(child: ChildProcess): child is ChildProcess & { pid: number } {
  return child.pid !== undefined
}

function markOf(id: number): string {
  return `${markPrefix}.${id}`
}

function tell(news: News): void {
  if (process.connected) process.send?.(news, undefined, undefined, () => {})
}

function kill(ids: readonly number[]): number {
  for (const id of ids) signal(id, 'SIGKILL')
  return ids.length
}

/** The service is gone: nothing of it may go on. Rounds, because what is being killed may still start something. */
function endEverything(): void {
  for (const group of groups.values()) group.kill()
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let round = 0; round < 100 && kill(markedProcesses(`${markPrefix}.`)) > 0; round++) {
    Atomics.wait(pause, 0, 0, 10)
  }
  rmSync(dirname(socketPath), { recursive: true, force: true })
  process.exit()
}
