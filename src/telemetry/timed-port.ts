import { LongshoreError } from '../base/errors.ts'
import { wrappedPort } from './wrapped-port.ts'

/** One call of a port that has ended. */
export interface PortCall {
  verb: string
  durationMs: number
  /** Why it failed: a code of the error table, `OTHER` for any other error; undefined when it succeeded. */
  code: string | undefined
  /** What it answered; undefined when it failed. */
  answer: unknown
}

/**
 * The same port, each call of `verbs` told when it has ended; all else passes untouched. A call's time ends when its
 * promise settles, so that of a body which is read later is not in it.
 */
export function timedPort<Port extends object>(
  port: Port,
  verbs: readonly (keyof Port & string)[],
  told: (call: PortCall) => void,
): Port {
  const instead: Partial<Record<string, unknown>> = {}
  for (const verb of verbs) instead[verb] = timed(port, verb, told)
  return wrappedPort(port, instead as Partial<Port>)
}

function timed<Port extends object>(
  port: Port,
  verb: keyof Port & string,
  told: (call: PortCall) => void,
): (...given: unknown[]) => Promise<unknown> {
  const method: unknown = port[verb]
  if (typeof method !== 'function') throw new TypeError(`The port has no verb ${verb}.`)
  return async (...given) => {
    const began = performance.now()
    try {
      const answer: unknown = await method.apply(port, given)
      told({ verb, durationMs: performance.now() - began, code: undefined, answer })
      return answer
    } catch (thrown) {
      told({ verb, durationMs: performance.now() - began, code: codeOf(thrown), answer: undefined })
      throw thrown
    }
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof LongshoreError ? thrown.code : 'OTHER'
}
