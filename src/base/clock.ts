/** A timer that was set; `cancel` is harmless after it has fired. */
export interface Timer {
  cancel(): void
}

/** The only source of time and timers in the house, so that tests can move it by hand. */
export interface Clock {
  /** Wall time in milliseconds since 1970. */
  now(): number
  /** Runs `action` once after `delayMs`. A timer keeps no process alive. */
  setTimer(delayMs: number, action: () => void): Timer
}

/** Node cannot hold a longer delay (2³¹ − 1 ms, about 24.8 days) in one timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, action) {
    if (delayMs > LONGEST_TIMER_MS) return setLongTimer(Date.now() + delayMs, action)
    const handle = setTimeout(action, Math.max(0, delayMs)).unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Goes on in steps that one timer can hold. */
function setLongTimer(dueAt: number, action: () => void): Timer {
  let step: Timer
  const arm = (): void => {
    const leftMs = dueAt - Date.now()
    step =
      leftMs > LONGEST_TIMER_MS ? systemClock.setTimer(LONGEST_TIMER_MS, arm) : systemClock.setTimer(leftMs, action)
  }
  arm()
  return { cancel: () => step.cancel() }
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Runs `action` every `periodMs`, one run after the other, until cancelled; a run that throws goes to `onError`. */
export function every(
  clock: Clock,
  periodMs: number,
  action: () => Promise<void>,
  onError: (thrown: unknown) => void,
): Timer {
  let cancelled = false
  let timer: Timer
  const arm = (): void => {
    timer = clock.setTimer(periodMs, () => {
      action()
        .catch(onError)
        .finally(() => {
          if (!cancelled) arm()
        })
    })
  }
  arm()
  return {
    cancel: () => {
      cancelled = true
      timer.cancel()
    },
  }
}
