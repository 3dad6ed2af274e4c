import assert from 'node:assert/strict'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { ERRORS, type ErrorCode } from '../../src/base/errors.ts'
import { Problem } from '../../src/contract/problem.ts'

/** Posts JSON without a socket. */
export function post(
  app: FastifyInstance,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  return app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload })
}

/** A submit of inline URIs. */
export function submit(
  app: FastifyInstance,
  options: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  return post(app, '/jobs', { manifest_inline: { files: ['s3://longshore/a.bin'] }, ...options }, headers)
}

/** The id of the job a submit answered. */
export async function submitted(app: FastifyInstance, options: Record<string, unknown> = {}): Promise<string> {
  const answer = await submit(app, options)
  assert.equal(answer.statusCode, 202, answer.body)
  return answer.json<{ job_id: string }>().job_id
}

/** Checks that an answer is the problem of this code, whole and with its headers. */
export function assertProblem(answer: LightMyRequestResponse, code: ErrorCode): Problem {
  assert.equal(answer.json().code, code, answer.body)
  assert.equal(answer.statusCode, ERRORS[code].status)
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  return checkProblem(answer.json(), code, (name) => answer.headers[name]?.toString())
}

/** The same for `fetch`. */
export async function assertFetchedProblem(answer: Response, code: ErrorCode): Promise<Problem> {
  const body = (await answer.json()) as Problem
  assert.equal(body.code, code, JSON.stringify(body))
  assert.equal(answer.status, ERRORS[code].status)
  return checkProblem(body, code, (name) => answer.headers.get(name) ?? undefined)
}

function checkProblem(body: unknown, code: ErrorCode, header: (name: string) => string | undefined): Problem {
  const problem = Problem.parse(body)
  const { status } = ERRORS[code]
  assert.equal(problem.type, `urn:longshore:error:${code}`)
  assert.equal(problem.status, status)
  assert.ok(problem.detail.length > 10)
  assert.equal(problem.request_id, header('x-request-id') ?? problem.request_id)
  if (status === 429 || status === 503) assert.match(header('retry-after') ?? '', /^\d+$/)
  return problem
}
