import { spawnSync } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { dirname, extname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LongshoreError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { withoutServing } from '../../serve.ts'
import { UsageError } from '../failures.ts'

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>

const TYPESCRIPT: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts'])
const JAVASCRIPT: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs'])

/**
 * Loads a module of a user, by a path below the current folder or an absolute one. Throws `UsageError` with what is wrong
 * with it and where, or `PROCESSOR_FAILED` when its own code threw while it was loaded.
 */
export async function loadModule(given: string): Promise<Exports> {
  const path = resolve(given)
  await checkFile(given, path)
  try {
    return await withoutServing(() => import(pathToFileURL(path).href))
  } catch (failure) {
    throw failure instanceof LongshoreError ? failure : explain(failure, given, path)
  }
}

async function checkFile(given: string, path: string): Promise<void> {
  const stats = await stat(path).catch((failure) => {
    if (systemCodeOf(failure) === 'ENOENT') throw new UsageError(`there is no file ${given}`)
    throw new UsageError(`${given} cannot be read: ${messageOf(failure)}`)
  })
  if (!stats.isFile()) throw new UsageError(`expected ${given} to be a module, it is no file`)
  const extension = extname(path)
  if (TYPESCRIPT.has(extension) && !process.features.typescript) throw new UsageError(noTypescript(given))
  if (TYPESCRIPT.has(extension) || JAVASCRIPT.has(extension)) return
  throw new UsageError(`expected ${given} to be a module: a file that ends in .ts, .mts, .js or .mjs`)
}

function noTypescript(given: string): string {
  return (
    `this Node (${process.versions.node}) does not run TypeScript, so ${given} cannot be loaded. ` +
    'Use Node 22.18 or later without --no-strip-types, or compile the module and serve the .js file'
  )
}

/** What to do about the errors of Node that are no fault of the module's logic. */
const HINTS: Readonly<Record<string, string>> = {
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    'Node runs TypeScript by leaving out the types, so enums, namespaces, parameter properties and decorators do not run. ' +
    'Write them in plain TypeScript (`erasableSyntaxOnly` in tsconfig.json finds them), or compile the module and serve the .js file.',
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING:
    'Node runs no TypeScript below node_modules. Serve the .js file that the package was compiled to.',
}

function explain(failure: unknown, given: string, path: string): Error {
  const code = systemCodeOf(failure) ?? ''
  const text = messageOf(failure)
  if (code === 'ERR_MODULE_NOT_FOUND' && text.includes("'longshore'")) return new UsageError(notInstalled(given, path))
  if (code === 'ERR_MODULE_NOT_FOUND') return new UsageError(`${given} cannot be loaded: ${text}`)
  if (failure instanceof SyntaxError) {
    const hint = HINTS[code] === undefined ? '' : `\n\n${HINTS[code]}`
    return new UsageError(`${given} cannot be loaded: ${text}\n\n${frameOf(failure, path)}${hint}`)
  }
  if (HINTS[code] !== undefined) return new UsageError(`${given} cannot be loaded. ${HINTS[code]}`)
  const place = placeOf(failure)
  const where = place === undefined ? '' : `\n  at ${place}`
  return new LongshoreError('PROCESSOR_FAILED', `${given} threw while it was loaded: ${text}${where}`, {
    cause: failure,
  })
}

function notInstalled(given: string, path: string): string {
  const folder = relative('.', dirname(path))
  const command = folder === '' ? 'npm install longshore' : `cd ${folder} && npm install longshore`
  return `${given} imports longshore, which is not installed where it lies. Run: ${command}`
}

/** The line that cannot be read, with a mark below it. Node keeps it for its own printing, but for JavaScript. */
function frameOf(failure: SyntaxError, path: string): string {
  const own = frameIn(failure.stack ?? '')
  if (own !== undefined || TYPESCRIPT.has(extname(path))) return own ?? path
  const check = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8' })
  return frameIn(check.stderr) ?? `${path}, or a module that it imports`
}

/** What stands before the error itself when the text begins with a place. */
function frameIn(text: string): string | undefined {
  const frame = /^(?<place>(?:file:|\/|[A-Z]:\\).*:\d+\n.*?)\n+SyntaxError/s.exec(text)?.groups?.place
  return frame?.replace(/^file:\/\/(?=\/)/, '').trimEnd()
}

/** The topmost line of the stack that is not Node's own. */
function placeOf(failure: unknown): string | undefined {
  const stack = failure instanceof Error ? (failure.stack ?? '') : ''
  return /(?:file:\/\/)(\/\S+:\d+:\d+)/.exec(stack)?.[1]
}
