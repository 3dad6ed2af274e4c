/** The query of a URL, with its `?`; what is undefined is left out, a list is given several times. */
export function queryString(query: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined) parameters.append(name, String(each))
  }
  return parameters.size === 0 ? '' : `?${parameters}`
}

/** The cursor of the `Link` to the next page. */
export function nextCursor(response: Response): string | null {
  const target = /<([^>]*)>; *rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  return target === undefined ? null : new URL(target, response.url).searchParams.get('cursor')
}
