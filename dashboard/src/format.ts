const NUMBER = new Intl.NumberFormat('en')
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const ABSOLUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `4,312`. */
export function count(value: number): string {
  return NUMBER.format(value)
}

/** `4.3K` where there is little room. */
export function compact(value: number): string {
  return value < 10_000 ? NUMBER.format(value) : COMPACT.format(value)
}

/** `1 job`, `2 jobs`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** `850 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function duration(seconds: number): string {
  if (seconds < 0.0005) return '0 s'
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3_600) return two(whole, 60, 'min', 's')
  if (whole < 86_400) return two(Math.round(whole / 60), 60, 'h', 'min')
  return two(Math.round(whole / 3_600), 24, 'd', 'h')
}

function two(value: number, per: number, large: string, small: string): string {
  const rest = value % per
  return `${Math.floor(value / per)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/** `12 s ago`, `in 3 min`. */
export function ago(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000
  if (Math.abs(seconds) < 1) return 'now'
  const rough = roughly(Math.abs(seconds))
  return seconds > 0 ? `${rough} ago` : `in ${rough}`
}

function roughly(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** The whole instant, in the time of who looks. */
export function absolute(iso: string): string {
  return ABSOLUTE.format(new Date(iso))
}

/** `12.4 MiB`. */
export function bytes(value: number): string {
  let size = value
  let unit = 0
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`
}

/** The end of an id: ids of one moment begin alike. */
export function shortId(id: string): string {
  return id.slice(-12)
}
