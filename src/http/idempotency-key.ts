import type { FastifyRequest } from 'fastify'
import { LongshoreError } from '../base/errors.ts'

/** The `Idempotency-Key` of a request, if it has one; throws `VALIDATION_FAILED` when it is not 1 to 255 printable characters. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key
  throw new LongshoreError(
    'VALIDATION_FAILED',
    'Expected Idempotency-Key to have 1 to 255 printable ASCII characters.',
    {
      errors: [{ pointer: '/headers/idempotency-key', message: 'expected 1 to 255 printable ASCII characters' }],
    },
  )
}
