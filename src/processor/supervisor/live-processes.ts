import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Names the process that a program was started as; what it starts inherits it, so that it is found wherever it hides. */
export const MARK = 'LONGSHORE_PROCESS'
/** A mark as a helper makes it: what it calls itself on its command line, and the number of the program. */
const MADE_BY_HELPER = /^([0-9a-f-]{36})\.\d+$/

/**
 * The ids of all processes, but for those that have ended and only wait to be collected, that are in the group or carry
 * the mark in their environment: a process that left its group and its session still has its environment. What is not
 * Linux has no `/proc` to look through: there it is the group alone, as one negative id, and gone means that nobody is in it.
 */
export function liveProcesses(group: number, mark?: string): number[] {
  const ids = processIds()
  if (ids === undefined) return groupExists(group) ? [-group] : []
  return ids.filter((id) => isLive(id, group, mark))
}

/** The ids of all processes whose mark begins so, and that are wanted by the rest of it. */
export function markedProcesses(prefix: string, isWanted: (rest: string) => boolean = () => true): number[] {
  return (processIds() ?? []).filter((id) => {
    const mark = markIn(id)
    return mark?.startsWith(prefix) === true && isWanted(mark.slice(prefix.length))
  })
}

/**
 * The ids of all processes whose helper is gone, as it was killed together with its service: its command line named their
 * mark. What this process inherits from a program that started it is no sign of that.
 */
export function orphanedProcesses(): number[] {
  const ids = processIds() ?? []
  const commands = ids.map((id) => read(`/proc/${id}/cmdline`)).join('\0')
  const own = markIn(process.pid)
  return ids.filter((id) => {
    const mark = markIn(id)
    const helper = MADE_BY_HELPER.exec(mark ?? '')?.[1]
    return helper !== undefined && mark !== own && !commands.includes(helper)
  })
}

function markIn(id: number): string | undefined {
  const beginning = `${MARK}=`
  return environmentOf(id)
    .split('\0')
    .find((variable) => variable.startsWith(beginning))
    ?.slice(beginning.length)
}

/** The ids of all other processes that hold one of these sockets open, named as `/proc/<id>/fd` names them. */
export function holdersOf(sockets: ReadonlySet<string>): number[] {
  const others = (processIds() ?? []).filter((id) => id !== process.pid)
  return others.filter((id) => descriptorsOf(id).some((name) => sockets.has(name)))
}

function descriptorsOf(id: number): string[] {
  try {
    return readdirSync(`/proc/${id}/fd`).map((descriptor) => linkOf(`/proc/${id}/fd/${descriptor}`))
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/**
 * Whether a process that was found has not ended. One that is about to end has lost its environment already and is found
 * no more.
 */
export function isAlive(id: number): boolean {
  return id < 0 ? groupExists(-id) : stateOf(id) !== undefined
}

/** Whether a process, living or not yet collected, is in the group. One system call. */
export function groupExists(group: number): boolean {
  return signal(-group, 0)
}

/** Sends a signal to a process, or to a group by its negative id; false when nobody is there. */
export function signal(id: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, name)
  } catch {
    return false
  }
}

function processIds(): number[] | undefined {
  try {
    const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return ids.length > 0 ? ids.map(Number) : undefined
  } catch {
    return undefined
  }
}

function isLive(id: number, group: number, mark: string | undefined): boolean {
  const state = stateOf(id)
  if (state === undefined) return false
  if (state.group === group) return true
  return mark !== undefined && environmentOf(id).includes(`${MARK}=${mark}\0`)
}

/** Fields of `/proc/<id>/stat` after the name, which may hold anything: state, parent, group. Undefined when it has ended. */
function stateOf(id: number): { group: number } | undefined {
  const stat = read(`/proc/${id}/stat`)
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === undefined || state === '' || 'ZX'.includes(state)) return undefined
  return { group: Number(group) }
}

function environmentOf(id: number): string {
  return read(`/proc/${id}/environ`)
}

/** A process may end, or belong to another user, between being listed and being read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
