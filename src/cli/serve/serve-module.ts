import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve } from '../../serve.ts'
import type { AppOptions } from '../../service.ts'
import { findProcessor } from './find-processor.ts'
import { loadModule } from './load-module.ts'

/** Serves the processor that a module exports, until it is told to stop. Throws what `loadModule` and `findProcessor` throw. */
export async function serveModule(
  module: string,
  wanted: string | undefined,
  settings: AppOptions['settings'],
): Promise<void> {
  const processor = findProcessor(await loadModule(module), module, wanted)
  const serveIt = await serveOf(resolve(module))
  const given = Object.entries(settings ?? {}).filter(([, value]) => value !== undefined)
  await serveIt(processor, { settings: Object.fromEntries(given) })
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
