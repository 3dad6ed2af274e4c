import { setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * People who look at a service, in a process of their own that yields the machine's cores to what is measured: in life
 * they are on machines of their own. Each asks for what an overview does, the stream of all changes, and figures and workers every 2 s,
 * and takes the bytes without reading them; figures and workers are asked for from `read` until `rest`, so that they burden
 * the turns of the one service alone. Arguments: the service's address, and how many look.
 */
const [, , url = '', count = '1'] = process.argv
const READ_EVERY_MS = 2_000
const STEP_MS = 100

setPriority(19)
let isReading = false
const heard = await Promise.all(Array.from({ length: Number(count) }, look))
process.on('message', (asked: 'heard' | 'read' | 'rest') => {
  if (asked === 'heard') process.send?.(heard.map(({ jobs }) => jobs))
  else isReading = asked === 'read'
})
process.on('disconnect', () => process.exit())
process.send?.({ url, uri: '' })

/** Begins to look; answers how many changes of jobs were heard, as that grows. */
async function look(): Promise<{ jobs: number }> {
  const heard = { jobs: 0 }
  const stream = await fetch(`${url}/events`)
  if (stream.body === null) throw new Error(`no stream: ${stream.status}`)
  follow(stream.body, heard).catch(fail)
  readAgainAndAgain().catch(fail)
  return heard
}

async function follow(body: ReadableStream<Uint8Array>, heard: { jobs: number }): Promise<void> {
  const decoder = new TextDecoder()
  for await (const bytes of body) heard.jobs += decoder.decode(bytes).split('event: job.changed').length - 1
}

async function readAgainAndAgain(): Promise<void> {
  for (let restedMs = 0; ; await pause(STEP_MS)) {
    if (isReading) restedMs += STEP_MS
    if (restedMs < READ_EVERY_MS) continue
    restedMs = 0
    for (const path of ['stats?window=hour', 'workers']) {
      const answer = await fetch(`${url}/${path}`)
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
      await answer.arrayBuffer()
    }
  }
}

function fail(failure: unknown): void {
  if (!process.connected) return
  console.error(failure)
  process.exit(1)
}
