import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve } from '../../serve.ts'
import type { AppOptions } from '../../service.ts'
import { findProcessor } from './find-processor.ts'
import { loadModule } from './load-module.ts'

/** What may be said of how a module is served; what is not, the environment and the defaults say. */
export interface ServeWishes {
  /** Name of the export, when there are several. */
  export?: string | undefined
  /** Where its code runs. */
  execution?: 'inline' | 'thread' | 'process' | undefined
  settings: Exclude<AppOptions['settings'], undefined>
}

/** Serves the processor that a module exports, until it is told to stop. Throws what `loadModule` and `findProcessor` throw. */
export async function serveModule(module: string, wishes: ServeWishes): Promise<void> {
  const { processor, exportName } = findProcessor(await loadModule(module), module, wishes.export)
  const serveIt = await serveOf(resolve(module))
  const { execution: kind } = wishes
  const url = pathToFileURL(resolve(module))
  const execution = kind === 'thread' || kind === 'process' ? { kind, module: url, export: exportName } : kind
  const given = Object.entries(wishes.settings).filter(([, value]) => value !== undefined)
  await serveIt(processor, { settings: Object.fromEntries(given), ...(execution && { execution }) })
}

/**
 * The `serve` of the copy of Longshore that the module itself imports, else our own: progress and verdicts of a processor
 * are known by identity, so both must come from one copy.
 */
async function serveOf(path: string): Promise<typeof serve> {
  const copy = resolveFrom(path)
  if (copy === undefined) return serve
  const exports: { serve?: typeof serve } = await import(pathToFileURL(copy).href)
  return exports.serve ?? serve
}

function resolveFrom(path: string): string | undefined {
  try {
    return createRequire(path).resolve('longshore')
  } catch {
    return undefined
  }
}
