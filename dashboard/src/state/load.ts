import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from './session.ts'

/** Something that is read from the service. */
export interface Loaded<Value> {
  /** The newest that was read; stays while it is read anew. */
  value: Value | undefined
  /** Why the last reading failed. */
  error: string | undefined
  isLoading: boolean
  /** Reads it anew: at once, or when the reading under way has ended, which who is far away would else never see the end of. */
  reload(): void
  /** Changes what is shown without reading. */
  change(next: (value: Value) => Value): void
}

/** Reads something when the view appears and whenever `key` changes; every `everyMs` too while the page is looked at. */
export function useLoad<Value>(
  read: (signal: AbortSignal) => Promise<Value>,
  key: string,
  everyMs?: number,
): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; error?: string; isLoading: boolean }>({
    key,
    isLoading: true,
  })
  const [turn, setTurn] = useState(0)
  const reading = useRef(read)
  reading.current = read
  const isReading = useRef(false)
  const isWanted = useRef(false)
  const reload = useCallback(() => {
    if (isReading.current) isWanted.current = true
    else setTurn((n) => n + 1)
  }, [])

  // Not after a frame was painted: what is asked for sooner is there sooner.
  useLayoutEffect(() => {
    const stop = new AbortController()
    const end = (next: Parameters<typeof setState>[0]): void => {
      isReading.current = false
      setState(next)
      if (isWanted.current) setTurn((n) => n + 1)
    }
    isReading.current = true
    isWanted.current = false
    setState((before) => ({ ...(before.key === key ? before : { key }), isLoading: true }))
    reading
      .current(stop.signal)
      .then((value) => !stop.signal.aborted && end({ key, value, isLoading: false }))
      .catch((failure: unknown) => {
        if (stop.signal.aborted) return
        const error = messageOf(failure)
        end((before) => ({ ...before, error, isLoading: false }))
      })
    return () => stop.abort()
  }, [key, turn])

  useEffect(() => {
    if (everyMs === undefined) return
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])

  const change = useCallback((next: (value: Value) => Value) => {
    setState((before) => (before.value === undefined ? before : { ...before, value: next(before.value) }))
  }, [])
  return { value: state.value, error: state.error, isLoading: state.isLoading, reload, change }
}

/** Calls `action` a while after it was asked for, once however often that was. */
export function useSoon(action: () => void, delayMs: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const latest = useRef(action)
  latest.current = action
  useEffect(() => () => clearTimeout(timer.current), [])
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      latest.current()
    }, delayMs)
  }, [delayMs])
}
