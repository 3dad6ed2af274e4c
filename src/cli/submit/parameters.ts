import { readFile } from 'node:fs/promises'
import { messageOf } from '../../base/errors.ts'
import type { Json } from '../../contract/job.ts'
import { UsageError } from '../failures.ts'
import type { Param, SubmitOptions } from './submit-options.ts'

/** The parameters of `--params` and, over them, those of every `--param`; undefined when there is none. */
export async function readParameters({ params, param = [] }: SubmitOptions): Promise<Json | undefined> {
  const named = Object.fromEntries(param) as { [name: string]: Json }
  if (params === undefined) return param.length === 0 ? undefined : named
  const base = parseParams(await textOf(params))
  if (param.length === 0) return base
  if (typeof base === 'object' && base !== null && !Array.isArray(base)) return { ...base, ...named }
  throw new UsageError('expected --params to be a JSON object, because --param adds to it')
}

/** Reads `name=value`; a value that is JSON is that, any other is a string. */
export function readParam(text: string): Param {
  const [name, value] = readPair(text)
  try {
    return [name, JSON.parse(value)]
  } catch {
    return [name, value]
  }
}

/** Reads `name=value`. */
export function readPair(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`expected name=value, got ${JSON.stringify(text)}`)
}

function textOf(given: string): Promise<string> | string {
  if (!given.startsWith('@')) return given
  return readFile(given.slice(1), 'utf8').catch((failure) => {
    throw new UsageError(`the file of --params cannot be read: ${messageOf(failure)}`)
  })
}

function parseParams(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (failure) {
    throw new UsageError(`expected --params to be JSON, or @ and a file that holds it: ${messageOf(failure)}`)
  }
}
