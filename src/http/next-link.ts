/** The `Link` header to the next page: the same request with another cursor, below the path that a proxy took off. */
export function nextLink(basePath: string, url: string, cursor: string): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const parameters = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  parameters.set('cursor', cursor)
  return `<${basePath}${path}?${parameters}>; rel="next"`
}
