/** What ends one piece of work: it aborts with other signals, or by itself. */
export interface Stop {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Lets go of the other signals; to be called when the work has ended, however it did. */
  release(): void
}

/**
 * A signal of one's own that follows others. Not `AbortSignal.any`, which leaves a trace on the others for as long as they
 * live: a program may use one signal for a million calls.
 */
export function openStop(...others: readonly (AbortSignal | undefined)[]): Stop {
  const own = new AbortController()
  const abort = (reason: unknown): void => own.abort(reason)
  const releases = others.map((other) => onAbort(other, abort))
  const release = (): void => {
    for (const each of releases) each()
  }
  return { signal: own.signal, abort, release }
}

type Follower = (reason: unknown) => void

/** Who follows a signal. However many there are, it has one listener of ours: Node 20 warns of a leak from the 11th on. */
const followed = new WeakMap<AbortSignal, Set<Follower>>()

/** Calls `follower` with the reason when the signal aborts, at once if it has; answers how to take that back. */
export function onAbort(signal: AbortSignal | undefined, follower: Follower): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    follower(signal.reason)
    return () => {}
  }
  // A function of its own for each, so that one follower can follow twice.
  const call: Follower = (reason) => follower(reason)
  followersOf(signal).add(call)
  return () => unfollow(signal, call)
}

function followersOf(signal: AbortSignal): Set<Follower> {
  const known = followed.get(signal)
  if (known !== undefined) return known
  const all = new Set<Follower>()
  followed.set(signal, all)
  signal.addEventListener('abort', callFollowers)
  return all
}

function unfollow(signal: AbortSignal, call: Follower): void {
  const all = followed.get(signal)
  if (!all?.delete(call) || all.size > 0) return
  followed.delete(signal)
  signal.removeEventListener('abort', callFollowers)
}

function callFollowers(this: AbortSignal): void {
  const all = followed.get(this)
  followed.delete(this)
  for (const call of all ?? []) call(this.reason)
}

/** Longest delay a timer takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Calls `action` after a while, however long; answers how to take that back. */
export function startTimer(delayMs: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const wait = (restMs: number): void => {
    const next = restMs > LONGEST_TIMER_MS ? () => wait(restMs - LONGEST_TIMER_MS) : action
    timer = setTimeout(next, Math.min(restMs, LONGEST_TIMER_MS))
  }
  wait(delayMs)
  return () => clearTimeout(timer)
}

/** Waits; rejects with the signal's reason when it aborts. */
export function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopTimer = startTimer(delayMs, () => {
      unfollowSignal()
      resolve()
    })
    const unfollowSignal = onAbort(signal, (reason) => {
      stopTimer()
      reject(reason)
    })
  })
}
