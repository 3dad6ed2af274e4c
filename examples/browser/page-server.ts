import { fileURLToPath } from 'node:url'
import serveFiles from '@fastify/static'
import Fastify, { type FastifyInstance } from 'fastify'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Where the built client lies; `npm run build` makes it. */
const CLIENT = here('../../client/dist')

/** Serves the page, and beside it the client and the one library it needs, as they are: the page's import map finds them. */
export function pageServer(client = CLIENT): FastifyInstance {
  const app = Fastify()
  app.register(serveFiles, { root: here('page') })
  app.register(serveFiles, { root: client, prefix: '/client/', decorateReply: false })
  app.register(serveFiles, { root: here('../../node_modules/zod'), prefix: '/zod/', decorateReply: false })
  return app
}
