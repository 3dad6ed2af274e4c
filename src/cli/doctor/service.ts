import { ApiError, type JobClient, LongshoreError } from '@longshore/client'
import { Readiness } from '../../contract/service.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, warning, failed } = findingsOf('service')

/** How long the service may take to answer, in ms. */
const ANSWER_MS = 5000

/** Whether the service at an address answers, is ready, and takes the key. */
export async function checkService(client: JobClient, url: string): Promise<Finding> {
  try {
    const { name, version } = await client.health({ timeoutMs: ANSWER_MS })
    await client.listJobs({ limit: 1 }, { timeoutMs: ANSWER_MS })
    const reasons = await reasonsNotReady(url)
    if (reasons.length === 0) return ok(`${name} ${version} at ${url} is ready`)
    return warning(
      `${name} ${version} at ${url} is not ready: ${reasons.join(' ')}`,
      'Run `longshore doctor` where it runs',
    )
  } catch (failure) {
    if (!(failure instanceof LongshoreError)) throw failure
    return failed(failure.message, todoFor(failure))
  }
}

function todoFor(failure: LongshoreError): string {
  if (failure.code === 'UNAUTHENTICATED') return 'Set LONGSHORE_API_KEY to a key that the service knows'
  if (failure instanceof ApiError) return 'Check that LONGSHORE_URL is the address of a Longshore service'
  return 'Start the service, or correct LONGSHORE_URL'
}

async function reasonsNotReady(url: string): Promise<string[]> {
  const base = url.endsWith('/') ? url : `${url}/`
  const answer = await fetch(new URL('readyz', base), { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined)
  const parsed = Readiness.safeParse(await answer?.json().catch(() => undefined))
  return parsed.success ? parsed.data.reasons : ['It does not say whether it is.']
}
