import type { FastifyRequest } from 'fastify'

/** Makes URLs of this service absolute: a client sends them to another program as they are. Others stay as they are. */
export function absoluteUrls(publicUrl: string | undefined): (request: FastifyRequest, url: string) => string {
  return (request, url) => (url.startsWith('/') ? `${publicUrl ?? originOf(request)}${url}` : url)
}

/** The path below which clients find the service, without a `/` at its end; empty when it is found at the root. */
export function basePathOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')
}

function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`
}
