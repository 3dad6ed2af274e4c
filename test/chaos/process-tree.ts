import { readdirSync } from 'node:fs'
import { parentOf } from '../support/processes.ts'

/** The ids of all that a process has started, and of what that has started. */
export function childrenOf(pid: number): number[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
  const parents = new Map(all.map((id) => [id, parentOf(id)]))
  const below = (of: number): number[] => {
    const own = all.filter((id) => parents.get(id) === of)
    return [...own, ...own.flatMap(below)]
  }
  return below(pid)
}
