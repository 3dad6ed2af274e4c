import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { LongshoreError } from '../../base/errors.ts'
import type { Config } from '../../config.ts'
import { namesEtag } from '../etags.ts'
import { describe, type Room, type Routes, routeOf } from '../room.ts'
import { type DashboardFile, dashboardFiles } from './dashboard-files.ts'

const PAGE_ANSWER = { 200: { description: 'A page', content: { 'text/html': { schema: z.string() } } } }

/** A name with a hash of its content: it never means anything else. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** The page that shows people what the service does. It knows nothing but the public routes. */
export const dashboard: Routes = (app, room) => {
  const policy = pagePolicy(room.config)
  for (const name of ['dashboard', 'dashboardPages'] as const) {
    app.route({
      ...routeOf(name, room),
      schema: describe(name, { response: PAGE_ANSWER }),
      handler: async (request, reply) => {
        if (!room.config.dashboard)
          throw new LongshoreError('ROUTE_NOT_FOUND', 'The dashboard is off (DASHBOARD=false).')
        const asset = /^assets\/(.*)$/.exec((request.params as { '*'?: string })['*'] ?? '')?.[1]
        return asset === undefined ? sendPage(room, reply, policy) : sendAsset(asset, request, reply)
      },
    })
  }
}

/** Every address below the dashboard is the same page, which shows what the address says. */
async function sendPage({ basePath, gate }: Room, reply: FastifyReply, policy: string) {
  const page = (await dashboardFiles()).get('index.html')
  if (page === undefined) throw new LongshoreError('INTERNAL', 'The dashboard has no page.')
  reply.header('content-security-policy', policy).header('cache-control', 'no-cache').type(page.mediaType)
  return reply.send(
    page.body
      .toString()
      .replaceAll('{base}', basePath)
      .replace('{keys}', gate ? 'yes' : 'no'),
  )
}

async function sendAsset(name: string, request: FastifyRequest, reply: FastifyReply) {
  const file = (await dashboardFiles()).get(name)
  if (file === undefined || name === 'index.html') {
    throw new LongshoreError(
      'ROUTE_NOT_FOUND',
      `The dashboard has no file ${name}. Load the page again: it may be of another version.`,
    )
  }
  reply.header('cache-control', FOR_EVER).header('etag', file.etag).header('vary', 'accept-encoding')
  if (namesEtag(request.headers['if-none-match'], file.etag)) return reply.code(304).send()
  const { body, encoding } = bodyFor(file, String(request.headers['accept-encoding'] ?? ''))
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  return reply.type(file.mediaType).send(body)
}

function bodyFor({ body, brotli, gzip }: DashboardFile, accepted: string): { body: Buffer; encoding?: string } {
  if (/\bbr\b/.test(accepted)) return { body: brotli, encoding: 'br' }
  return /\bgzip\b/.test(accepted) ? { body: gzip, encoding: 'gzip' } : { body }
}

/** The page runs only what this service serves, and asks nobody else but the store that objects lie in. */
function pagePolicy({ storage }: Config): string {
  const store = storage.kind === 's3' ? ` ${storeSources(storage)}` : ''
  return (
    "default-src 'none'; script-src 'self'; style-src 'self'; " +
    `img-src 'self' blob: data:${store}; connect-src 'self'${store}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  )
}

/** Where presigned URLs lead: the endpoint, or a bucket as a name below it. */
function storeSources({
  endpoint,
  publicEndpoint,
  forcePathStyle,
}: Extract<Config['storage'], { kind: 's3' }>): string {
  const url = publicEndpoint ?? endpoint
  if (url === undefined) return 'https://*.amazonaws.com'
  const { protocol, host, origin } = new URL(url)
  return forcePathStyle ? origin : `${origin} ${protocol}//*.${host}`
}
