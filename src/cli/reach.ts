import { LongshoreError } from '@longshore/client'
import type { JobClient } from '@longshore/client/node'
import { sleep } from '../base/clock.ts'
import type { World } from './context.ts'
import type { Output } from './output.ts'
import { safeLines } from './render/safe-text.ts'

/** What a service that is rolled out or restarted takes until it answers again, in ms. */
const PATIENCE_MS = 10_000
const PAUSE_MS = 500

/** Who waits for the service, and may be told so. */
interface Waiting {
  /** Makes no request again by itself. */
  readonly client: JobClient
  readonly out: Output
  readonly world: World
  readonly signal: AbortSignal
}

/**
 * Resolves once the service answers. Tells, once, that it does not answer yet; rejects with what it failed with when it
 * has not answered for some seconds, and at once when it never will.
 */
export async function reachService({ client, out, world, signal }: Waiting): Promise<void> {
  const { clock } = world
  const until = clock.now() + PATIENCE_MS
  for (let tried = 0; ; tried++) {
    try {
      await client.health({ signal })
      return
    } catch (failure) {
      signal.throwIfAborted()
      if (!(failure instanceof LongshoreError && failure.retryable) || clock.now() >= until) throw failure
      if (tried === 0)
        out.tell(`${safeLines(failure.message)}\nTrying for ${PATIENCE_MS / 1000} s, should it be starting`)
      await sleep(clock, PAUSE_MS, signal)
    }
  }
}
