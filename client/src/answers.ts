import type { z } from 'zod'
import { Problem } from '../../src/contract/problem.ts'
import { ApiError, JobNotFoundError } from './errors.ts'
import { piecesOf } from './pieces.ts'

/** Reads what an answer says; a connection that breaks meanwhile is one more failure that may pass. */
export type Reader<Answer> = (response: Response) => Promise<Answer>

/** Reads a JSON answer; one of another form means that this is no such service, or one of another age. */
export async function readJson<Answer>(schema: z.ZodType<Answer>, response: Response): Promise<Answer> {
  const parsed = schema.safeParse(parseJson(await textOf(response)))
  if (parsed.success) return parsed.data
  const { status, url } = response
  const message = `${new URL(url).origin} did not answer as a Longshore service does: is the address right?`
  throw new ApiError({ code: 'UNEXPECTED_ANSWER', message, status, cause: parsed.error })
}

/** Reads an answer that says all by its status, to its end, so that the connection can be used again. */
export async function readNothing(response: Response): Promise<void> {
  await textOf(response)
}

/** What an answer may have: a list of some 100,000 outputs with their URLs is a quarter of it. Texts end at 512 MiB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/** The whole body; what never ends, or unpacks to more than anyone can hold, is no answer. */
async function textOf({ body, url, status }: Response): Promise<string> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let sizeBytes = 0
  for await (const piece of piecesOf(body)) {
    sizeBytes += piece.length
    if (sizeBytes > MAX_ANSWER_BYTES) {
      const message = `${new URL(url).origin} answered with more than ${MAX_ANSWER_BYTES} bytes: is the address right?`
      throw new ApiError({ code: 'UNEXPECTED_ANSWER', message, status })
    }
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

/** Statuses that mean "later", from a service, a store or a proxy that does not speak in problems. */
const LATER: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** Reads the error out of an answer that is one. */
export async function errorOf(response: Response): Promise<ApiError> {
  const { status } = response
  if (isRedirect(response)) return redirected(response)
  const retryAfterMs = retryAfter(response)
  const text = await textOf(response)
  const problem = Problem.safeParse(parseJson(text)).data
  if (problem === undefined) {
    const fault = storeFault(text)
    const message = `The answer was HTTP ${status} ${response.statusText}`.trimEnd() + (fault ? ` (${fault})` : '')
    const retryable = LATER.has(status) || fault === 'RequestTimeout'
    return new ApiError({ code: `HTTP_${status}`, message, status, retryable, retryAfterMs })
  }
  const { code, detail: message, retryable } = problem
  const Kind = code === 'JOB_NOT_FOUND' ? JobNotFoundError : ApiError
  return new Kind({ code, message, status, retryable, problem, retryAfterMs })
}

/** A browser shows a redirect that is not followed without its status. */
function isRedirect({ status, type, headers }: Response): boolean {
  return type === 'opaqueredirect' || (status >= 300 && status < 400 && headers.has('location'))
}

function redirected({ status, headers, url }: Response): ApiError {
  const location = headers.get('location')
  const target = location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined
  const to = target === undefined ? 'elsewhere' : `to ${target.origin}${target.pathname}`
  const message = `${new URL(url).origin} sends its callers on ${to}, and no key is carried there: give the service's own address as url`
  return new ApiError({ code: 'UNEXPECTED_ANSWER', message, status })
}

/** The code in the XML of an S3 store's error. A body that arrived too slowly is one of its 400s: `RequestTimeout`. */
function storeFault(text: string): string | undefined {
  return /<Code>(\w{1,100})<\/Code>/.exec(text)?.[1]
}

/** Seconds, or an HTTP date (RFC 9110 §10.2.3). */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after')?.trim()
  if (!header) return undefined
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

/** Anything that is not JSON is undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
