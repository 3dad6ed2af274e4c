import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ROUTES } from '../contract/routes.ts'
import { tidyComponents } from './openapi-components.ts'
import { DOCUMENTED } from './openapi-extras.ts'
import { describe, json, type Room, routeOf } from './room.ts'

type Transform = typeof jsonSchemaTransform

const DESCRIPTION = `Jobs over files: submit a manifest or upload files, follow the work, fetch the results.

Every error is a problem document (RFC 9457): its \`code\` names what was wrong, its \`detail\` says what to do.`

const TAGS = [
  { name: 'jobs', description: 'Submit, follow and steer jobs, fetch their outputs' },
  { name: 'schedules', description: 'Submit jobs at the times of a cron expression' },
  { name: 'ingest', description: 'Upload files that become a job' },
  { name: 'objects', description: 'What signed URLs lead to, with the local store' },
  { name: 'service', description: 'Health, readiness and this description' },
]

/** A container on deck, in place of the mark of the page's makers. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="3" y="8" width="26" height="16" rx="2" fill="#1f6f8b"/>' +
  '<path d="M9 12v8M14 12v8M19 12v8M24 12v8" stroke="#fff" stroke-width="2"/></svg>'

const FAVICON = { filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: ICON }

/** The API page runs only what this service serves, and asks nobody else. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Collects the description while routes are added, so it goes before them. */
export function describeApi(app: FastifyInstance, { identity, basePath }: Room): void {
  app.register(swagger, {
    // Below `/jobs` of a host, the paths of the jobs would lose their own `/jobs`.
    stripBasePath: false,
    openapi: {
      openapi: '3.1.0',
      ...(basePath !== '' && { servers: [{ url: basePath }] }),
      info: { title: identity.name, version: identity.version, description: DESCRIPTION },
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer' },
          readToken: {
            type: 'apiKey',
            in: 'query',
            name: 'token',
            description: 'Of one job, from POST /jobs/{job_id}/tokens',
          },
        },
      },
      tags: TAGS,
    },
    transform: withDocumented,
    transformObject: (document) => withPage(tidyComponents(jsonSchemaTransformObject(document))),
  })
}

/** `GET /openapi.json` and the page that shows it. */
export function serveApiDescription(app: FastifyInstance, room: Room): void {
  const schema = describe('openapi', { response: { 200: json('OpenAPI 3.1', z.looseObject({ openapi: z.string() })) } })
  app.get(ROUTES.openapi.path, { ...routeOf('openapi', room), schema }, (_request, reply) => reply.send(app.swagger()))
  app.register(swaggerUi, {
    routePrefix: ROUTES.docs.path,
    indexPrefix: room.basePath,
    staticCSP: PAGE_POLICY,
    theme: { title: `${room.identity.name} API`, favicon: [FAVICON] },
    // Without the bar for other descriptions, which the policy would keep from being fetched.
    uiConfig: { docExpansion: 'list', deepLinking: true, persistAuthorization: false, layout: 'BaseLayout' },
    validatorUrl: false,
  })
}

/** The page is served by a plugin that hides its routes; they belong to the description all the same. */
function withPage<Document extends object>(document: Document): Document {
  const { paths = {} } = document as { paths?: object }
  const page = ofPage('docs', { description: 'A page', content: { 'text/html': {} } })
  const parameters = [{ in: 'path', name: 'key', required: true, schema: { type: 'string' } }]
  const files = { parameters, ...ofPage('docsPages', { description: 'A file of it' }) }
  const added = { [ROUTES.docs.path]: { get: page }, [keyed(ROUTES.docsPages.path, '{key}')]: { get: files } }
  return { ...document, paths: { ...paths, ...added } }
}

function ofPage(name: 'docs' | 'docsPages', answer: object): object {
  const { summary } = ROUTES[name]
  return { operationId: name, summary, tags: ['service'], security: [], responses: { 200: answer } }
}

/** The path of a route with a name for its rest. */
function keyed(path: string, key: string): string {
  return path.replace('*', key)
}

/** Adds what clients must know but no validator checks: headers, signed queries, bodies that are streamed. */
const withDocumented: Transform = (document) => {
  const name = document.schema?.operationId ?? ''
  const extra = DOCUMENTED[name]
  const url = keyed(document.url, ':key')
  return jsonSchemaTransform({ ...document, url, ...(extra && { schema: { ...document.schema, ...extra } }) })
}
