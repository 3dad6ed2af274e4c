/** What a job takes of a worker while it runs, and what a worker has to give. */
export interface Resources {
  /** Processors; 0.5 is half of one. In thousandths at the finest. */
  cpu: number
  memoryBytes: number
  /** Disk below the work folder: input files and whatever the processor writes there. */
  scratchBytes: number
}

/** What is declared of a job; what is not named counts as nothing. */
export type ResourceNeeds = Partial<Resources>

/** One of the things that are counted. */
export type ResourceName = keyof Resources

/** Everything that is counted, in the order in which it is told. */
export const RESOURCE_NAMES: readonly ResourceName[] = ['cpu', 'memoryBytes', 'scratchBytes']

/** Of everything, nothing. */
export const NO_RESOURCES: Resources = Object.freeze({ cpu: 0, memoryBytes: 0, scratchBytes: 0 })

/** Puts declarations together, each of which wins over those before it; null when nothing is needed. */
export function needed(...declared: readonly (ResourceNeeds | undefined)[]): Resources | null {
  const { cpu, memoryBytes, scratchBytes }: Resources = Object.assign({ ...NO_RESOURCES }, ...declared)
  const resources = { cpu: inThousandths(cpu), memoryBytes, scratchBytes }
  return RESOURCE_NAMES.some((name) => resources[name] > 0) ? resources : null
}

/** What of the needs there is too little of; nothing when they fit. */
export function lackingOf(needs: Resources | null, room: Resources): ResourceName[] {
  return needs === null ? [] : RESOURCE_NAMES.filter((name) => needs[name] > room[name])
}

/** Whether there is room for the needs. */
export function fits(needs: Resources | null, room: Resources): boolean {
  if (needs === null) return true
  const { cpu, memoryBytes, scratchBytes } = room
  return needs.cpu <= cpu && needs.memoryBytes <= memoryBytes && needs.scratchBytes <= scratchBytes
}

/** Both together. */
export function sumOf(one: Resources, other: Resources | null): Resources {
  return other === null ? one : combined(one, other, 1)
}

/** What is left of one without the other. */
export function leftOf(one: Resources, other: Resources | null): Resources {
  return other === null ? one : combined(one, other, -1)
}

function combined(one: Resources, other: Resources, sign: 1 | -1): Resources {
  return {
    cpu: inThousandths(one.cpu + sign * other.cpu),
    memoryBytes: one.memoryBytes + sign * other.memoryBytes,
    scratchBytes: one.scratchBytes + sign * other.scratchBytes,
  }
}

/** Sums of fractions drift; sums of thousandths that are rounded to thousandths do not. */
function inThousandths(cpu: number): number {
  return Number.isFinite(cpu) ? Math.round(cpu * 1000) / 1000 : cpu
}
