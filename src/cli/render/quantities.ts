import prettyBytes from 'pretty-bytes'
import prettyMilliseconds from 'pretty-ms'

/** A size for people, e.g. `1.5 MiB`. */
export function showBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true, maximumFractionDigits: bytes < 1024 ? 0 : 1 })
}

/** A duration in its largest unit, e.g. `3m`; anything under a second is `0s`. */
export function showSpan(durationMs: number): string {
  if (durationMs < 1000) return '0s'
  return prettyMilliseconds(Math.floor(durationMs / 1000) * 1000, { compact: true })
}

/** A duration in up to two units, e.g. `1m 3s`; seconds are exact to a tenth. */
export function showDuration(durationMs: number): string {
  return prettyMilliseconds(durationMs, { unitCount: 2, secondsDecimalDigits: 1 })
}

/** An instant and how far it is from now, e.g. `2026-03-01 12:00:05 (3m ago)`, in the time zone of this machine. */
export function showInstant(instant: string, nowMs: number): string {
  const date = new Date(instant)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${showTime(instant)} (${showAge(instant, nowMs)})`
}

/** The time of day of an instant, in the time zone of this machine, e.g. `12:00:05`. */
export function showTime(instant: string): string {
  const date = new Date(instant)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
}

/** How long ago an instant was, or in how long it will be. */
function showAge(instant: string, nowMs: number): string {
  const agoMs = nowMs - Date.parse(instant)
  if (Math.abs(agoMs) < 1000) return 'now'
  return agoMs > 0 ? `${showSpan(agoMs)} ago` : `in ${showSpan(-agoMs)}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
