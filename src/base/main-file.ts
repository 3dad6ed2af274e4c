import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The path of a file that is run by itself, as a process or a thread, beside the module that asks: a source next to a
 * source, and in the package what was built of it.
 *
 * @param name without its extension
 * @param beside `import.meta.url` of the module that asks
 */
export function mainFile(name: string, beside: string): string {
  return fileURLToPath(new URL(`./${name}${extname(beside)}`, beside))
}
