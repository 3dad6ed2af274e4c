import type { Clock } from '../../base/clock.ts'
import { givenBack } from '../given-back.ts'
import type { DispatchOwner } from '../slot-dispatch.ts'
import type { EngineParts } from './engine-parts.ts'

/** A claim that waited for less than this share of its lease keeps it: nearly all do. */
const WORTH_RENEWING = 0.02

/** What dispatches see of the engine; `opened` is undefined once that has stopped. */
export function dispatchOwner(
  opened: () => EngineParts | undefined,
  clock: Clock,
  onError: (thrown: unknown) => void,
): DispatchOwner {
  return {
    clock,
    onError,
    // Claims are made and begun within one turn of the event loop.
    quiet: async () => {},
    renew(lease, leaseMs) {
      const parts = opened()
      const entry = parts?.attempts.held(lease)
      const expiresAt = clock.now() + leaseMs
      const waitedMs = expiresAt - lease.expiresAt
      if (parts === undefined || entry === undefined || waitedMs < leaseMs * WORTH_RENEWING) return lease
      parts.records.extendLease(entry, expiresAt)
      return { ...lease, expiresAt }
    },
    ended() {
      const parts = opened()
      if (parts && parts.records.readyCount > 0) parts.commit.request()
    },
    async giveBack(leases) {
      const parts = opened()
      await parts?.commit.write(() => {
        for (const lease of leases) {
          const entry = parts.attempts.held(lease)
          if (entry) parts.attempts.settle(entry, givenBack)
        }
      })
    },
  }
}
