import type { Resources } from '../../job/resources.ts'

/** Jobs of one size are of one text, by which they are found; '' is that of jobs that need nothing. */
export function storeResources(resources: Resources | null): string {
  if (resources === null) return ''
  const { cpu, memoryBytes, scratchBytes } = resources
  return JSON.stringify([cpu, memoryBytes, scratchBytes])
}

export function readResources(stored: string): Resources | null {
  if (stored === '') return null
  const [cpu = 0, memoryBytes = 0, scratchBytes = 0]: number[] = JSON.parse(stored)
  return { cpu, memoryBytes, scratchBytes }
}
