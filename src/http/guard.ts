import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { LongshoreError } from '../base/errors.ts'

/** What a request must get past before its route sees it: answers why it is refused, if it is. */
export type Guard = (request: FastifyRequest) => LongshoreError | undefined

/** The hook in which the guards are asked in turn, until one refuses. */
export function guardedBy(...guards: readonly Guard[]): onRequestHookHandler {
  return (request, _reply, done) => {
    for (const guard of guards) {
      const refusal = guard(request)
      if (refusal) return done(refusal)
    }
    done()
  }
}
