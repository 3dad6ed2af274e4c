import type { FastifyInstance } from 'fastify'
import { LongshoreError } from '../base/errors.ts'
import { ROUTES } from '../contract/routes.ts'

/** What a replica that takes no requests still answers. */
const OWN: ReadonlySet<string | undefined> = new Set(
  [ROUTES.root, ROUTES.health, ROUTES.alive, ROUTES.ready, ROUTES.metrics].map(({ path }) => path),
)

/** Lets a server answer for its own health alone. */
export function answerHealthOnly(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ routeOptions }) => {
    if (OWN.has(routeOptions.url)) return
    throw new LongshoreError(
      'ROUTE_NOT_FOUND',
      'This replica only works on jobs (ROLE=worker). Ask one that takes requests (ROLE=api or ROLE=all).',
    )
  })
}
