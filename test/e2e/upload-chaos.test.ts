import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { JobClient } from '@longshore/client'
import { Api, type WireJob } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { openChaosProxy } from '../support/chaos-proxy.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MIB = 1024 * 1024

/** The full weather: LONGSHORE_CHAOS_UPLOADS=100 LONGSHORE_CHAOS_MIB=40. Each upload has from 1 MiB up to the given size. */
const UPLOADS = Number(process.env.LONGSHORE_CHAOS_UPLOADS ?? 20)
const MOST_MIB = Number(process.env.LONGSHORE_CHAOS_MIB ?? 8)
const SEED = Number(process.env.LONGSHORE_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 32))
const AT_ONCE = 5
const KILLS = 4

/** Patience for a network that harms every second connection; stalls are noticed within a second or two. */
const RETRY = { tries: 60, baseMs: 20, capMs: 500, tryMs: 1500, slowestRate: 10 * MIB }

test(`${UPLOADS} uploads of 1–${MOST_MIB} MiB over a bad network to a service that is killed meanwhile all arrive, each as one job`, async (t) => {
  t.diagnostic(`LONGSHORE_CHAOS_SEED=${SEED}`)
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path, MAX_ATTEMPTS: '50', RETRY_BASE_SECONDS: '0' }
  let service = await startService(settings)
  await using proxy = await openChaosProxy(service.url, { seed: SEED, harmedPercent: 50, withinBytes: 8 * MIB })
  const client = new JobClient({ url: proxy.url, retry: RETRY })

  const numbers = Array.from({ length: UPLOADS }, (_, i) => i)
  const totalBytes = numbers.reduce((sum, i) => sum + sizeOf(i), 0)
  let arrivedBytes = 0
  let kills = 0
  let restarting: Promise<ServiceProcess> | undefined
  const restart = async (): Promise<ServiceProcess> => {
    await service.kill('SIGKILL')
    service = await startService(settings)
    proxy.target = service.url
    return service
  }
  const arrived = (bytes: number): void => {
    arrivedBytes += bytes
    if (kills === KILLS || arrivedBytes < ((kills + 1) * totalBytes) / (KILLS + 1)) return
    kills += 1
    restarting = (restarting ?? Promise.resolve(service)).then(restart)
  }

  const digests = new Map<string, Record<string, string>>()
  const upload = async (i: number): Promise<void> => {
    const { name, data, digest } = sourceOf(i)
    let before = 0
    const onProgress = ({ sentBytes }: { sentBytes: number }): void => {
      arrived(sentBytes - before)
      before = sentBytes
    }
    const jobId = await client.uploadFiles([{ name, data }], { onProgress })
    digests.set(jobId, { [name]: digest })
  }
  try {
    await inTurns(numbers, upload)
    await restarting
    t.diagnostic(`${proxy.connections.harmed} of ${proxy.connections.all} connections harmed, ${kills} kills`)
    assert.equal(kills, KILLS)
    assert.ok(proxy.connections.harmed >= UPLOADS / 2, `only ${proxy.connections.harmed} connections were harmed`)

    const api = new Api(service.url)
    const jobs = await api.get<WireJob[]>('/jobs?limit=100')
    assert.deepEqual(jobs.map(({ job_id }) => job_id).sort(), [...digests.keys()].sort())
    for (const [jobId, expected] of digests) {
      const job = await api.until(jobId, ({ status }) => status === 'completed')
      assert.deepEqual(job.result?.digests, expected)
    }
  } finally {
    await restarting?.catch(() => {})
    await service.kill('SIGKILL')
  }
})

/** Sizes spread over the whole range, whatever their number; few end with a part that is full. */
function sizeOf(i: number): number {
  return MIB + i + Math.floor(((MOST_MIB - 1) * MIB * ((i * 7) % UPLOADS)) / UPLOADS)
}

function sourceOf(i: number) {
  const bytes = new Uint8Array(someBytes(sizeOf(i), SEED + i))
  const digest = createHash('sha256').update(bytes).digest('hex')
  return { name: `upload-${i}.bin`, data: new Blob([bytes]), digest }
}

async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const run = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
}
