import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { SqliteEngine } from '../src/engine/sqlite/sqlite-engine.ts'
import { endViewer } from '../src/http/webhook-view.ts'
import { Deliverer } from '../src/webhook/deliverer.ts'
import { systemResolve } from '../src/webhook/host-lookup.ts'
import { Poster } from '../src/webhook/post.ts'
import { newJob } from '../test/support/new-job.ts'
import { median, report } from './support/report.ts'

/**
 * What webhooks cost and how fast they are told, on the embedded engine with a receiver in this process: jobs that end
 * with something to tell against jobs that end without, a backlog until it is told, and the time from an end to its
 * receiver, on an idle service and beside a receiver that never answers and has a backlog of its own.
 */
const JOBS = 4_000
const ROUNDS = 5
const LATENCIES = 200

let heard = 0
let hear: () => void = () => {}
const live = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(204).end()
    heard += 1
    hear()
  })
})
const dead = createServer(() => {})
const urlOf = async (server: typeof live): Promise<string> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
const [liveUrl, deadUrl] = [await urlOf(live), await urlOf(dead)]

const folder = await mkdtemp(join(process.cwd(), '.tmp-bench-'))
const clock = systemClock
const engine = new SqliteEngine({ path: join(folder, 'longshore.db'), clock, describeEnd: endViewer('') })
await engine.start()

const rates = { silent: [] as number[], ratios: [] as number[] }
for (let round = 0; round < ROUNDS; round++) {
  const silent = await endJobs(undefined)
  const told = await endJobs(liveUrl)
  rates.silent.push(silent)
  rates.ratios.push(told / silent)
}
report({
  what: 'jobs inserted and ended that have something to tell, embedded engine',
  unit: 'jobs/s',
  ours: median(rates.silent) * median(rates.ratios),
  baseline: { name: 'without', value: median(rates.silent) },
})

const poster = new Poster({ clock, timeoutMs: 15_000, resolve: systemResolve, accepts: () => true })
const deliverer = new Deliverer({
  ...{ records: engine.deliveries, clock, secrets: [Buffer.alloc(32, 7).toString('base64')], userAgent: 'bench' },
  ...{ concurrency: 64, hostConcurrency: 8, timeoutMs: 15_000, graceMs: 0 },
  post: (post, signal) => poster.post(post, signal),
  told: () => {},
  onError: (thrown) => {
    throw thrown
  },
})
const begun = performance.now()
await deliverer.start()
while (heard < JOBS * ROUNDS) await new Promise<void>((resolve) => (hear = resolve))
const perSecond = (JOBS * ROUNDS * 1000) / (performance.now() - begun)
report({ what: `a backlog of ${JOBS * ROUNDS} told to one receiver`, unit: 'webhooks/s', ours: perSecond })
report({
  what: 'from the end of a job to its receiver, p50',
  unit: 'ms',
  ours: median(await latencies()),
  goal: { atMost: 20 },
})

await endJobs(deadUrl)
const beside = median(await latencies())
report({ what: `the same beside ${JOBS} for a receiver that hangs`, unit: 'ms', ours: beside, goal: { atMost: 20 } })

await deliverer.stop()
await engine.stop()
for (const server of [live, dead]) {
  server.closeAllConnections()
  server.close()
}
await rm(folder, { recursive: true, force: true })

/** Inserts and cancels jobs; answers how many a second. */
async function endJobs(callbackUrl: string | undefined): Promise<number> {
  const from = performance.now()
  const ends = Array.from({ length: JOBS }, () => endJob(callbackUrl))
  await Promise.all(ends)
  return (JOBS * 1000) / (performance.now() - from)
}

async function endJob(callbackUrl: string | undefined): Promise<void> {
  const { job } = await engine.insert(newJob(clock.now(), callbackUrl === undefined ? {} : { callbackUrl }))
  await engine.requestCancel(job.id)
}

async function latencies(): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < LATENCIES; n++) {
    const arrived = new Promise<void>((resolve) => (hear = resolve))
    const from = performance.now()
    await endJob(liveUrl)
    await arrived
    times.push(performance.now() - from)
  }
  return times
}
