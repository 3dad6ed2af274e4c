import type { ChangeNews } from '@longshore/client'
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { can, client, phase } from './session.ts'

/** Whether changes are heard as they happen. */
export const connection = signal<'connecting' | 'live' | 'broken'>('connecting')

type Hearer = (news: ChangeNews) => void

const hearers = new Set<Hearer>()
let stop: AbortController | undefined

/** Calls `hear` with every change of a job while the view is shown. One stream serves all views. */
export function useChanges(hear: Hearer): void {
  useEffect(() => {
    hearers.add(hear)
    if (stop === undefined) listen()
    return () => {
      hearers.delete(hear)
    }
  })
}

/** Whether there is somebody who may hear changes, as far as is known. */
const mayHear = (): boolean => phase.value !== 'signed-in' || can.value.read

/** Opens the stream, again and again, until the session ends. */
async function listen(): Promise<void> {
  stop = new AbortController()
  const { signal: stopped } = stop
  const unwatch = phase.subscribe((now) => {
    if (now === 'signed-out') stop?.abort()
  })
  while (!stopped.aborted && mayHear()) {
    try {
      for await (const news of client().jobChanges({ signal: stopped })) {
        if (news.type === 'opened') connection.value = 'live'
        for (const hear of hearers) hear(news)
      }
    } catch {
      connection.value = 'broken'
      await new Promise((resolve) => setTimeout(resolve, 3_000))
    }
  }
  unwatch()
  stop = undefined
  connection.value = 'connecting'
}
