import { existsSync, readFileSync } from 'node:fs'
import type { Effect } from './work.ts'

/** The effect log, in the order in which its lines were written. */
export function readEffects(file: string): Effect[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Effect)))
}
