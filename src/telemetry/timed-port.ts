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
  return (...given) => {
    const began = performance.now()
    const end = (code: string | undefined, answer: unknown): void =>
      told({ verb, durationMs: performance.now() - began, code, answer })
    const succeed = (answer: unknown): unknown => {
      end(undefined, answer)
      return answer
    }
    const fail = (thrown: unknown): never => {
      end(codeOf(thrown), undefined)
      throw thrown
    }
    try {
      // Not awaited in a function of its own: that is a promise and two turns of the microtask queue more for every call.
      return method.apply(port, given).then(succeed, fail)
    } catch (thrown) {
      end(codeOf(thrown), undefined)
      return Promise.reject(thrown)
    }
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof LongshoreError ? thrown.code : 'OTHER'
}
