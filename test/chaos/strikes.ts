import { setTimeout as pause } from 'node:timers/promises'
import { endListeners } from './audit.ts'
import type { Line } from './line.ts'
import type { Member } from './member.ts'
import type { Fault, FaultKind } from './plan.ts'
import type { Lines, Site } from './site.ts'

/** What a fault does; answers whether it struck: one that is down already cannot be killed. */
type Strike = (site: Site, fault: Fault, member: Member, lines: Lines) => Promise<boolean>

const STRIKES: Readonly<Record<FaultKind, Strike>> = {
  kill: (_, { lengthMs }, member) => member.restart('SIGKILL', lengthMs),
  term: (_, { lengthMs }, member) => member.restart('SIGTERM', Math.min(lengthMs, 1_000)),
  freeze: (_, { lengthMs }, member) => freeze(member, lengthMs, false),
  'freeze-all': (_, { lengthMs }, member) => freeze(member, lengthMs, true),
  'kill-child': async (_, { lengthMs }, member) => member.killChild(lengthMs),
  cut: async (_site, _fault, _member, { database, listening }) => cut(database, listening),
  stall: (_, { lengthMs }, _member, { database, listening }) => during(lengthMs, 'stall', database, listening),
  away: (_, { lengthMs }, _member, { database, listening }) => during(lengthMs, 'refuse', database, listening),
  deaf: (_, { lengthMs }, _member, { listening }) => during(lengthMs, 'mute', listening),
  'store-cut': async (_site, _fault, _member, { store }) => cut(store),
  'store-stall': (_, { lengthMs }, _member, { store }) => during(lengthMs, 'stall', store),
  'store-away': (_, { lengthMs }, _member, { store }) => during(lengthMs, 'refuse', store),
  'store-gone': ({ lines }, { lengthMs }) => during(lengthMs, 'refuse', ...lines.map(({ store }) => store)),
  'database-fast': (site, { lengthMs }) => restartDatabase(site, 'SIGINT', lengthMs),
  'database-immediate': (site, { lengthMs }) => restartDatabase(site, 'SIGQUIT', lengthMs),
  'database-killed': (site, { lengthMs }) => restartDatabase(site, 'SIGKILL', lengthMs),
  'listeners-ended': ({ postgres }) =>
    endListeners(postgres.url).then(
      (ended) => ended > 0,
      () => false,
    ),
}

/** Databases that are restarted at once get in each other's way. */
const restarting = new WeakSet<Site>()

/** Lets a fault happen; resolves when it is over, with whether it struck. */
export function strike(site: Site, fault: Fault): Promise<boolean> {
  const member = site.members[fault.member]
  const lines = site.lines[fault.member]
  if (member === undefined || lines === undefined) throw new RangeError(`there is no member ${fault.member}`)
  return STRIKES[fault.kind](site, fault, member, lines)
}

/** Ends whatever still lasts. */
export function healAll({ lines, members }: Site): void {
  for (const { database, listening, store } of lines) for (const line of [database, listening, store]) line.heal()
  for (const member of members) member.thaw()
}

async function freeze(member: Member, lengthMs: number, withChildren: boolean): Promise<boolean> {
  if (!member.freeze(withChildren)) return false
  await pause(lengthMs)
  member.thaw()
  return true
}

function cut(...lines: Line[]): boolean {
  for (const line of lines) line.cut()
  return true
}

async function during(lengthMs: number, what: 'stall' | 'refuse' | 'mute', ...lines: Line[]): Promise<boolean> {
  for (const line of lines) line[what]()
  await pause(lengthMs)
  for (const line of lines) line.heal()
  return true
}

async function restartDatabase(site: Site, signal: NodeJS.Signals, lengthMs: number): Promise<boolean> {
  if (restarting.has(site) || site.postgres.restart === undefined) return false
  restarting.add(site)
  await site.postgres.restart(signal, lengthMs).finally(() => restarting.delete(site))
  return true
}
