import { computed, signal } from '@preact/signals'

/** Where the service is: this file is served at `<service>/dashboard/assets/…`. */
export const serviceUrl = new URL('../../', import.meta.url).href

const base = new URL('dashboard', serviceUrl).pathname

const current = signal(new URL(location.href))

/** The address below the dashboard, e.g. `/jobs`. */
export const path = computed(() => current.value.pathname.slice(base.length) || '/')

/** Its parts. */
export const segments = computed(() => path.value.split('/').filter(Boolean).map(decodeURIComponent))

/** What the address asks for beside the path. */
export const query = computed(() => new URLSearchParams(current.value.search))

/** The whole address of a place in the dashboard. */
export function addressOf(to: string): string {
  return base + (to === '/' ? '' : to)
}

/** Goes to a place in the dashboard; `replace` leaves no step to come back to. */
export function go(to: string, { replace = false } = {}): void {
  const address = addressOf(to)
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  const before = current.value.pathname
  current.value = new URL(location.href)
  if (before !== current.value.pathname) arrive()
}

/** Changes some of the query of the page at hand; undefined takes a name away. */
export function ask(changes: Record<string, string | readonly string[] | undefined>): void {
  const next = new URLSearchParams(query.value)
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name)
    for (const each of [value ?? []].flat()) if (each !== '') next.append(name, each)
  }
  go(`${path.value}${next.size === 0 ? '' : `?${next}`}`)
}

/** A new page begins at its top, and tells so to who listens. */
function arrive(): void {
  scrollTo(0, 0)
  focusHeading(FRAMES_WAITED)
}

/** A heading that has to be read from the service is waited for, some seconds. */
const FRAMES_WAITED = 300

function focusHeading(frames: number): void {
  requestAnimationFrame(() => {
    const heading = document.querySelector<HTMLElement>('h1')
    if (heading) heading.focus({ preventScroll: true })
    else if (frames > 0) focusHeading(frames - 1)
  })
}

addEventListener('popstate', () => {
  current.value = new URL(location.href)
})
