import { signal } from '@preact/signals'
import { absolute, ago, duration } from '../format.ts'

/** The time now, moved on every second while the page is looked at. */
export const now = signal(Date.now())
setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now()
}, 1_000)

/** How long ago something was; its title tells when. */
export function Ago({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absolute(at)}>
      {ago(at, now.value)}
    </time>
  )
}

/** How long something took, or takes until now. */
export function Took({ from, to }: { from: string; to: string | null }) {
  const end = to === null ? now.value : Date.parse(to)
  const seconds = Math.max(0, (end - Date.parse(from)) / 1000)
  return <span title={`from ${absolute(from)}`}>{duration(to === null ? Math.floor(seconds) : seconds)}</span>
}
