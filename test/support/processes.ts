import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** Whether a process is there and has not ended. */
export function isRunning(pid: number): boolean {
  return stateOf(pid) !== undefined && stateOf(pid) !== 'Z'
}

/** Resolves when a process has ended. There is nothing to wait on for who is not its parent: so it looks, again and again. */
export async function untilEnded(pid: number): Promise<void> {
  while (isRunning(pid)) await setTimeout(10)
}

/** The ids and command lines of all processes that carry this in their environment and have not ended. */
export function processesWith(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(mark))
    .map((name) => `${name} ${read(`/proc/${name}/cmdline`).replaceAll('\0', ' ')}`)
}

/** The process that started it, or took it over; 0 when it is not there. */
export function parentOf(pid: number): number {
  return Number(fieldsOf(pid)[1] ?? 0)
}

/** How much of a core's time a process has used, with all its threads, in ms. */
export function cpuMsOf(pid: number): number {
  const [user, system] = fieldsOf(pid).slice(11, 13).map(Number)
  return 10 * ((user ?? 0) + (system ?? 0))
}

function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)[0]
}

/** What `/proc/<pid>/stat` holds after the name, which may hold anything: state, parent, … */
function fieldsOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
