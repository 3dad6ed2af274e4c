import { isNamed } from '../../job/queue-group.ts'
import type { QueueClass, QueueLook } from '../activity.ts'
import { integer, type Row, text } from './columns.ts'

/** Reads rows of a group, how many due jobs it has, and since when the first of them is due. */
export function readQueueLook(rows: readonly Row[]): QueueLook {
  const look = { grouped: nothing(), ungrouped: nothing() }
  for (const row of rows) {
    const side = isNamed(text(row, 0)) ? look.grouped : look.ungrouped
    side.jobs += integer(row, 1)
    side.oldestDueAt = Math.min(side.oldestDueAt ?? Number.POSITIVE_INFINITY, integer(row, 2))
  }
  return look
}

function nothing(): QueueClass {
  return { jobs: 0, oldestDueAt: null }
}
