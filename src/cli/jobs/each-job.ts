import { ApiError } from '@longshore/client'
import { explainFailure } from '../failures.ts'
import type { Session } from '../session.ts'

/** Does something with each of some jobs; one that the service refuses is told, and keeps none of the others from it. */
export async function eachJob(
  { out, endWith }: Session,
  ids: readonly string[],
  action: (id: string) => Promise<void>,
): Promise<void> {
  for (const id of ids) {
    try {
      await action(id)
    } catch (failure) {
      if (ids.length === 1 || !(failure instanceof ApiError)) throw failure
      const { exitCode, text = '' } = explainFailure(failure)
      out.warn(text)
      endWith(exitCode)
    }
  }
}
