/** What stands for a query that is not shown. */
const HIDDEN = '?…'

/** A callback URL as readers see it: its query may hold the receiver's secret. */
export function withoutQuery(url: string): string {
  const { origin, pathname, search } = new URL(url)
  return `${origin}${pathname}${search === '' ? '' : HIDDEN}`
}

/** Whether a callback URL is one as readers see it, which nobody could be told at. */
export function isWithoutQuery(url: string): boolean {
  return new URL(url).search === new URL(HIDDEN, url).search
}
