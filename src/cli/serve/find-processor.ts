import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { AnyProcessor } from '../../processor/open-executor.ts'
import { UsageError } from '../failures.ts'
import type { Exports } from './load-module.ts'

const EXPECTED =
  'a class that extends BaseProcessor, an object of such a class or a CommandProcessor, as the default export or as the ' +
  'only one of its kind'

/** A processor, and the name of the export it is, or is made of. */
export interface FoundProcessor {
  readonly processor: AnyProcessor
  readonly exportName: string
}

type Callable = (...parameters: never) => unknown
type ProcessorClass = (new () => unknown) & Callable

/**
 * The processor a module exports: the one named, else the default export, else the only one there is. It is known by what it
 * has, not by its class, because the module may have its own copy of Longshore. Throws `UsageError` with what the module
 * exports instead, or `PROCESSOR_FAILED` when the constructor throws.
 */
export function findProcessor(exports: Exports, module: string, wanted?: string): FoundProcessor {
  const name = wanted ?? onlyFitting(exports, module)
  if (!(name in exports)) throw new UsageError(`${module} does not export ${name}. ${listed(exports)}`)
  const value = exports[name]
  if (!isFitting(value)) {
    throw new UsageError(`expected ${name} of ${module} to be a processor, it is ${kindOf(value)}. ${listed(exports)}`)
  }
  const processor = isClass(value) ? construct(value, name, module) : value
  checkWhole(processor, name, module)
  return { processor, exportName: name }
}

function onlyFitting(exports: Exports, module: string): string {
  if (isFitting(exports.default)) return 'default'
  const names = Object.keys(exports).filter((name) => isFitting(exports[name]))
  const [first, ...others] = names
  if (first === undefined) {
    throw new UsageError(`${module} exports no processor. Expected ${EXPECTED}. ${listed(exports)}`)
  }
  if (others.every((name) => exports[name] === exports[first])) return first
  const choices = names.map((name) => `--export ${name}`).join(', ')
  throw new UsageError(`${module} exports several processors. Choose one: ${choices}`)
}

function isFitting(value: unknown): boolean {
  return isClass(value) || hasMethod(value) || isProgram(value)
}

/** A `CommandProcessor`: it has a command where others have a method. */
function isProgram(value: unknown): boolean {
  const options: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'options') : undefined
  return typeof options === 'object' && options !== null && Array.isArray(Reflect.get(options, 'command'))
}

function isClass(value: unknown): value is ProcessorClass {
  return typeof value === 'function' && hasMethod(value.prototype)
}

function hasMethod(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'processInput') === 'function'
}

function construct(from: ProcessorClass, name: string, module: string): unknown {
  if (from.length > 0) {
    throw new UsageError(
      `the constructor of ${name} in ${module} needs arguments. ` +
        `Give them defaults, or export an object: export default new ${from.name || name}(…)`,
    )
  }
  try {
    return new from()
  } catch (failure) {
    const text = `The constructor of ${name} in ${module} threw: ${messageOf(failure)}`
    throw new LongshoreError('PROCESSOR_FAILED', text, { cause: failure })
  }
}

function checkWhole(processor: unknown, name: string, module: string): asserts processor is AnyProcessor {
  const part = (key: string): unknown =>
    typeof processor === 'object' && processor !== null ? Reflect.get(processor, key) : undefined
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  const missing = [
    ...(['name', 'version'] as const).filter((key) => !isText(part(key))).map((key) => `${key} to be a text`),
    ...(isSchema(part('resultSchema')) ? [] : ['resultSchema to be a zod schema']),
  ]
  if (missing.length === 0) return
  throw new UsageError(`${name} of ${module} is no whole processor. Expected ${missing.join(', ')}`)
}

function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'safeParseAsync') === 'function'
}

function listed(exports: Exports): string {
  const names = Object.keys(exports)
  if (names.length === 0) return 'It exports nothing'
  return `It exports ${names.map((name) => `${name} (${kindOf(exports[name])})`).join(', ')}`
}

function kindOf(value: unknown): string {
  if (isClass(value)) return 'a processor class'
  if (hasMethod(value) || isProgram(value)) return 'a processor'
  if (typeof value === 'function') return /^class\b/.test(String(value)) ? 'a class without processInput' : 'a function'
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object without processInput' : `a ${typeof value}`
}
