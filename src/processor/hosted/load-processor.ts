import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { AnySchema, BaseProcessor } from '../base-processor.ts'

type Processor = BaseProcessor<AnySchema, AnySchema>

/** What a host is told to run. */
export interface HostedModule {
  /** URL of the module. */
  module: string
  /** Name of what it exports. */
  export: string
}

let isHost = false

/** Throws `CONFIG_INVALID` in a thread or process that only runs a processor for a service: it must not start one itself. */
export function refuseWithinHost(): void {
  if (!isHost) return
  const text =
    'The module of the execution starts a service when it is loaded. Put the processor into a module of its own, or ' +
    'start the service only `if (import.meta.main)`.'
  throw new LongshoreError('CONFIG_INVALID', text)
}

/** Loads the processor that a module exports: an object, or a class to be made without arguments. Throws `CONFIG_INVALID`. */
export async function loadProcessor(hosted: HostedModule): Promise<Processor> {
  isHost = true
  const exported = (await load(hosted))[hosted.export]
  const processor: unknown = isClass(exported) ? new exported() : exported
  if (isProcessor(processor)) return processor
  const text = `Expected ${hosted.module} to export a processor, or its class, as "${hosted.export}", got ${typeof exported}.`
  throw new LongshoreError('CONFIG_INVALID', text)
}

async function load({ module }: HostedModule): Promise<Record<string, unknown>> {
  try {
    return await import(module)
  } catch (failure) {
    if (failure instanceof LongshoreError) throw failure
    const text = `The module of the processor, ${module}, cannot be loaded: ${messageOf(failure)}`
    throw new LongshoreError('CONFIG_INVALID', text, { cause: failure })
  }
}

function isClass(exported: unknown): exported is new () => unknown {
  return typeof exported === 'function'
}

function isProcessor(value: unknown): value is Processor {
  return typeof value === 'object' && value !== null && 'processInput' in value && 'name' in value
}
