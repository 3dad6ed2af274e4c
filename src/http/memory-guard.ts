import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Guard } from './guard.ts'

/** Share of the heap beyond which new work is refused: better a 503 than the death of the process and of every running job. */
const FULL = 0.9

/** How long one look at the heap holds; a look takes 2 µs, so that busy seconds are not spent looking. */
const HOLDS_MS = 1000

/**
 * Refuses work while the heap is almost full. It looks when a request comes and never on a timer: an idle service stays
 * asleep. The delay of the event loop is no measure here, because inline processors may keep it busy by right.
 */
export function memoryGuard(clock: Clock, heap: () => { used: number; limit: number } = heapUse): Guard {
  let lookedAt = Number.NEGATIVE_INFINITY
  let full = false
  return () => {
    const now = clock.now()
    if (now - lookedAt >= HOLDS_MS) {
      const { used, limit } = heap()
      full = used > FULL * limit
      lookedAt = now
    }
    return full ? new LongshoreError('OVERLOADED', 'The service is short of memory. Try again in a moment.') : undefined
  }
}

function heapUse(): { used: number; limit: number } {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return { used: used_heap_size, limit: heap_size_limit }
}
