import { LongshoreError } from '../../src/base/errors.ts'
import { disturbed } from './disturbed-store.ts'
import { openTestService } from './test-service.ts'

type Disturbances = Parameters<typeof disturbed>[1]

/** The HTTP side of a service whose store can be disturbed. */
export async function openDisturbed(options = {}) {
  const disturbances: Disturbances = {}
  const service = await openTestService({ ...options, wrapStore: (store) => disturbed(store, disturbances) })
  return { service, disturbances, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
}

/** What fails for now. */
export async function failing(): Promise<never> {
  throw new LongshoreError('STORE_UNAVAILABLE', 'The object store is away.')
}
