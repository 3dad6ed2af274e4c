import type { Schedule } from '../engine/schedule-records.ts'
import { Timetable } from './timetable.ts'

/**
 * Ticks of one outage that are counted: one costs 40 µs, and a minute's schedule that was away for a year has half a
 * million.
 */
export const MOST_COUNTED = 100

/** What is to become of the ticks of a schedule that have come. */
export interface DueTicks {
  /** Those that fire, oldest first. */
  fire: number[]
  /** How many are given up; from {@link MOST_COUNTED} on, it may have been more. */
  missed: number
  /** The newest of those, if any. */
  lastMissed: number | null
  /** The first tick that has not come. */
  nextTick: number | null
}

/** Sorts the ticks that have come by the schedule's misfire policy. */
export function dueTicks({ definition, nextTick }: Schedule, now: number): DueTicks {
  const timetable = new Timetable(definition)
  const { misfire, catchUpLimit, graceMs } = definition
  const come = ticksUpTo(timetable, nextTick, now)
  const most = misfire === 'catch_up' ? catchUpLimit : 1
  const isMore = come.length > MOST_COUNTED
  const newest = isMore ? timetable.newest(most + 1, now) : come.slice(-(most + 1))
  const fire = newest.slice(-most).filter((tick) => misfire !== 'skip' || now - tick <= graceMs)
  return {
    fire,
    missed: isMore ? MOST_COUNTED : come.length - fire.length,
    lastMissed: newest[newest.length - fire.length - 1] ?? null,
    nextTick: timetable.next(now),
  }
}

function ticksUpTo(timetable: Timetable, first: number | null, now: number): number[] {
  const ticks: number[] = []
  for (let tick = first; tick !== null && tick <= now && ticks.length <= MOST_COUNTED; tick = timetable.next(tick)) {
    ticks.push(tick)
  }
  return ticks
}
