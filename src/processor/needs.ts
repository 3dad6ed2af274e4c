import { z } from 'zod'
import { LongshoreError, messageOf } from '../base/errors.ts'
import { describeFaults, faultsOf } from '../base/faults.ts'
import type { ResourceNeeds } from '../job/resources.ts'

const Needs = z.strictObject({
  cpu: z.number().min(0).optional(),
  memoryBytes: z.int().min(0).optional(),
  scratchBytes: z.int().min(0).optional(),
})

/** A processor as far as its declaration goes. */
interface Declaring {
  name: string
  readonly resources?: ResourceNeeds
  resourcesFor?(parameters: never): ResourceNeeds
}

/**
 * How to know what a job takes, as the processor says; undefined when it says nothing. Throws `CONFIG_INVALID` for a
 * declaration that cannot be meant. What it answers throws `PROCESSOR_FAILED` when the processor cannot tell.
 */
export function declaredNeeds(processor: Declaring): ((parameters: unknown) => ResourceNeeds) | undefined {
  const { name, resources } = processor
  if (processor.resourcesFor !== undefined) return (parameters) => askedNeeds(processor, parameters)
  if (resources === undefined) return undefined
  const needs = checkNeeds(resources, (fault) => new LongshoreError('CONFIG_INVALID', `resources of ${name}: ${fault}`))
  return () => needs
}

function askedNeeds(processor: Declaring, parameters: unknown): ResourceNeeds {
  const failed = (fault: string, cause?: unknown): LongshoreError =>
    new LongshoreError('PROCESSOR_FAILED', `resourcesFor of ${processor.name}: ${fault}`, { cause })
  let answer: unknown
  try {
    answer = processor.resourcesFor?.(parameters as never)
  } catch (thrown) {
    throw failed(messageOf(thrown), thrown)
  }
  return checkNeeds(answer, failed)
}

function checkNeeds(declared: unknown, failed: (fault: string) => LongshoreError): ResourceNeeds {
  const parsed = Needs.safeParse(declared)
  if (!parsed.success) throw failed(describeFaults(faultsOf(parsed.error)))
  return declared as ResourceNeeds
}
