import { once } from 'node:events'
import { startTarget, type Target } from './support/load.ts'
import { report } from './support/report.ts'
import { MIB, put, residentMib, sendForm } from './support/send-bytes.ts'
import { beside, takeTurns } from './support/take-turns.ts'

/**
 * Uploads by form and by parts beside the simplest servers that do the same, and the memory a long one takes. What a turn
 * sent is removed before the next: a machine that lends its memory (e.g. a virtual one) may take twice as long for the
 * pages of files it gives out for the first time, so each turn has those of the one before.
 */
const SIZE_MIB = 1024
const LONG_MIB = 4096
const PART_MIB = 64
const PARTS_AT_ONCE = 4
const ROUNDS = 12

await using bare = await startTarget('bare-uploads.ts')
await using service = await startTarget('submit-service.ts', [`MULTIPART_PART_SIZE_MB=${PART_MIB}`])

const idle = residentMib(service.process.pid)
let most = idle
const watch = setInterval(() => {
  most = Math.max(most, residentMib(service.process.pid))
}, 50)
await sendForm(service.url, LONG_MIB)
clearInterval(watch)
report({ what: 'memory above idle during a 4 GiB upload', unit: 'MiB', ours: most - idle, goal: { atMost: 150 } })
await clear(service)

await compare('form upload of 1 GiB', 0.9, '@fastify/multipart piped to a file', {
  ours: () => sendForm(service.url, SIZE_MIB),
  baseline: () => sendForm(bare.url, SIZE_MIB),
})
await compare('1 GiB as part PUTs, completed', 0.8, 'node:http piped to files', {
  ours: () => sendParts(SIZE_MIB),
  baseline: async () => timed(SIZE_MIB, () => putAll(Array.from({ length: SIZE_MIB / PART_MIB }, () => bare.uri))),
})

interface Rivals {
  ours: () => Promise<number>
  baseline: () => Promise<number>
}

async function compare(what: string, atLeast: number, name: string, { ours, baseline }: Rivals): Promise<void> {
  const turns = { ours: andClear(service, ours), baseline: andClear(bare, baseline) }
  const rates = await takeTurns(turns, ROUNDS)
  report({ what, unit: 'MiB/s', ...beside(rates.ours, name, rates.baseline), goal: { atLeast } })
}

function andClear(target: Target, turn: () => Promise<number>): () => Promise<number> {
  return async () => {
    const rate = await turn()
    await clear(target)
    return rate
  }
}

async function clear({ process: server }: Target): Promise<void> {
  server.send('clear')
  await once(server, 'message')
}

async function sendParts(mebibytes: number): Promise<number> {
  const files = [{ filename: 'big.dat', size_bytes: mebibytes * MIB }]
  const started = (await post('/ingest/start', { files })) as {
    job_id: string
    files: { file_id: string; upload_id: string; part_urls: { url: string }[] }[]
  }
  const [file] = started.files
  return timed(mebibytes, async () => {
    const etags = await putAll(file?.part_urls.map(({ url }) => url) ?? [])
    const parts = etags.map((ETag, i) => ({ PartNumber: i + 1, ETag }))
    const { file_id, upload_id } = file ?? {}
    await post('/ingest/complete', { job_id: started.job_id, file_id, upload_id, parts })
  })
}

async function putAll(urls: readonly string[]): Promise<string[]> {
  const etags: string[] = []
  let next = 0
  const keepPutting = async (): Promise<void> => {
    for (let i = next++; i < urls.length; i = next++) etags[i] = await put(urls[i] ?? '', PART_MIB)
  }
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, keepPutting))
  return etags
}

async function timed(mebibytes: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return (mebibytes * 1000) / (performance.now() - begun)
}

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(service.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}
