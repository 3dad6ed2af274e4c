import { LongshoreError } from '../base/errors.ts'
import { ROUTES } from '../contract/routes.ts'

/** Each path of the service with the methods it takes. */
const PATHS = pathsOf(Object.values(ROUTES))

/** What to answer a request that no route takes: another method of a known path, or no route at all. */
export function unmatched(method: string, url: string): { error: LongshoreError; allow?: string } {
  const path = url.split('?', 1)[0] ?? ''
  const methods = PATHS.filter(({ pattern }) => pattern.test(path)).flatMap((known) => known.methods)
  if (methods.length === 0) {
    return { error: new LongshoreError('ROUTE_NOT_FOUND', `There is no route ${method} ${path}. GET /docs lists all.`) }
  }
  // An event stream has no HEAD, other than all else that is read.
  const allow = [...new Set(methods)].filter((other) => other !== method).join(', ')
  return { error: new LongshoreError('METHOD_NOT_ALLOWED', `${path} takes ${allow}, not ${method}.`), allow }
}

function pathsOf(routes: readonly { method: string; path: string }[]): { pattern: RegExp; methods: string[] }[] {
  const byPath = Map.groupBy(routes, (route) => route.path)
  return [...byPath].map(([path, group]) => ({
    pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`),
    methods: group.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
  }))
}
