import type { Socket } from 'node:net'
import { type ErrorCode, LongshoreError, systemCodeOf } from '../base/errors.ts'
import { problemHeaders, problemOf } from './problem.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

const CODES: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'REQUEST_TIMEOUT', detail: 'The header fields did not arrive in time.' },
  HPE_HEADER_OVERFLOW: {
    code: 'HEADERS_TOO_LARGE',
    detail: 'The request line and header fields are longer than 16 KiB.',
  },
}

/** Answers what never became a request: garbage, headers too long or too slow. Written by hand, because Node has no response for it. */
export function answerOnSocket(fault: Error, socket: Socket): void {
  if (systemCodeOf(fault) === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) socket.end(socketAnswer(fault), () => socket.destroy())
  else socket.destroy()
}

function socketAnswer(fault: Error): string {
  const { code, detail } = CODES[systemCodeOf(fault) ?? ''] ?? {
    code: 'MALFORMED_REQUEST',
    detail: 'What was sent is not an HTTP request this service can read.',
  }
  const error = new LongshoreError(code, detail)
  const body = JSON.stringify(problemOf(error, 'unknown'))
  const headers = {
    ...SECURITY_HEADERS,
    ...problemHeaders(error),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${error.status} ${error.title}`, ...lines, '', body].join('\r\n')
}
