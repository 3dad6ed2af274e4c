import type { FastifyRequest } from 'fastify'

/** Makes URLs of this service absolute: a client sends them to another program as they are. Others stay as they are. */
export function absoluteUrls(publicUrl: string | undefined): (request: FastifyRequest, url: string) => string {
  return (request, url) => (url.startsWith('/') ? `${publicUrl ?? originOf(request)}${url}` : url)
}

function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`
}
