import { JobClient } from '@longshore/client'
import { openTestService } from '../test/support/test-service.ts'
import { submitted } from '../test/support/wire.ts'
import { median, report } from './support/report.ts'

/** From the moment a job is completed to `waitForJob` returning, on an idle service; both sides share this process. */
const JOBS = 300

await using service = await openTestService()
const url = await service.listen()

await latency(new JobClient({ url }))
for (const [how, fetch] of [
  ['by events', globalThis.fetch],
  ['by long poll', withoutEvents],
] as const) {
  const client = new JobClient({ url, fetch })
  const latencies: number[] = []
  for (let i = 0; i < JOBS; i++) latencies.push(await latency(client))
  const what = `completion to waitForJob returning, ${how}`
  report({ what: `${what}, p50`, unit: 'ms', ours: median(latencies), goal: { atMost: 5 } })
  report({ what: `${what}, p99`, unit: 'ms', ours: latencies.toSorted((a, b) => a - b)[JOBS * 0.99] ?? Number.NaN })
}

async function latency(client: JobClient): Promise<number> {
  const id = await submitted(service.app)
  const lease = await service.claim()
  const ended = client.waitForJob(id)
  // By then the waiter hangs on the service: its first reading takes a millisecond or two.
  await new Promise((resolve) => setTimeout(resolve, 15))
  // Completed is what is on disk: the fsync before is not the waiter's.
  await service.settle(lease, { type: 'completed', result: null, outputs: [] })
  const begun = performance.now()
  await ended
  return performance.now() - begun
}

async function withoutEvents(...[url, init]: Parameters<typeof fetch>): Promise<Response> {
  return String(url).endsWith('/events') ? new Response('no streams', { status: 403 }) : globalThis.fetch(url, init)
}
