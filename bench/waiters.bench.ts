import { once } from 'node:events'
import { startTarget, type Target } from './support/load.ts'
import { report } from './support/report.ts'
import { askMany, EVENT_STREAM, LONG_POLL, requestBytes, startWaiter, type WayOfWaiting } from './support/waiters.ts'

/**
 * Ten thousand clients wait, each for a job of its own: what they cost the service in memory, what a submit takes meanwhile,
 * and how long they take to hear when all jobs end at once.
 */
const WAITERS = 10_000
const SUBMITS = 5_000
/** Connections are made in batches, as a listening socket holds but so many that are not accepted yet. */
const BATCH = 500

for (const way of [LONG_POLL, EVENT_STREAM]) await measure(way)

async function measure(way: WayOfWaiting): Promise<void> {
  await using service = await startTarget('submit-service.ts')
  const jobIds = await submitJobs(service)
  await submitLatencies(service) // warms up
  const alone = await submitLatencies(service)
  const before = await memoryOf(service)
  const waiters = await openWaiters(service, way, jobIds)
  const after = await memoryOf(service)
  const crowded = await submitLatencies(service)

  const begun = performance.now()
  const heard = Promise.all(waiters.map((waiter) => waiter.heard)).then(() => performance.now() - begun)
  const cancels = jobIds.map((id) => requestBytes('POST', `/jobs/${id}/cancel`))
  await askMany(service.url, cancels, 64)
  const endedMs = performance.now() - begun
  const heardMs = await heard
  for (const { socket } of waiters) socket.removeAllListeners('close').destroy()

  const what = `${WAITERS.toLocaleString('en-US')} ${way.name}`
  const kibibytes = (after.rss - before.rss) / WAITERS / 1024
  const held = (after.heap - before.heap) / WAITERS / 1024
  report({ what: `${what}, memory of the service`, unit: 'KiB a waiter', ours: kibibytes })
  report({ what: `${what}, of it on the heap`, unit: 'KiB a waiter', ours: held })
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const baseline = { name: 'nobody waiting', value: quantile(alone, share) }
    report({ what: `submit beside ${what}, ${name}`, unit: 'ms', ours: quantile(crowded, share), baseline })
  }
  const lagMs = Math.max(0, heardMs - endedMs)
  report({ what: `${what}, from the last of ${WAITERS} ends until all have heard`, unit: 'ms', ours: lagMs })
}

async function submitJobs(service: Target): Promise<string[]> {
  await askMany(service.url, Array<string>(WAITERS).fill(submit(service)), 64)
  const ids: string[] = []
  for (let next: string | undefined = '/jobs?limit=100'; next !== undefined && ids.length < WAITERS; ) {
    const answer = await fetch(new URL(next, service.url))
    const page = (await answer.json()) as { job_id: string }[]
    ids.push(...page.map((job) => job.job_id))
    next = /<([^>]*)>/.exec(answer.headers.get('link') ?? '')?.[1]
  }
  return ids
}

function submit({ uri }: Target): string {
  return requestBytes('POST', '/jobs', JSON.stringify({ manifest_inline: { files: [uri] } }))
}

/** One after the other: what a single client waits for, not what the service can take. */
function submitLatencies(service: Target): Promise<number[]> {
  return askMany(service.url, Array<string>(SUBMITS).fill(submit(service)), 1)
}

async function openWaiters(service: Target, way: WayOfWaiting, jobIds: readonly string[]) {
  const waiters = []
  for (let start = 0; start < jobIds.length; start += BATCH) {
    const batch = jobIds.slice(start, start + BATCH).map((id) => startWaiter(service.url, way, id))
    await Promise.all(batch.map(({ begun }) => begun))
    waiters.push(...batch)
  }
  // Whatever was sent before is read by the time that a hundred requests after it are answered.
  await askMany(service.url, Array<string>(100).fill(submit(service)), 1)
  const answered = waiters.filter(({ socket }) => socket.bytesRead > 0).length
  if (answered !== (way === EVENT_STREAM ? WAITERS : 0)) throw new Error(`${answered} of ${WAITERS} were answered`)
  return waiters
}

/** What the service takes after a collection of garbage, in bytes. */
async function memoryOf({ process: child }: Target): Promise<{ rss: number; heap: number }> {
  child.send('memory')
  const [memory] = (await once(child, 'message')) as [{ rss: number; heap: number }]
  return memory
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}
