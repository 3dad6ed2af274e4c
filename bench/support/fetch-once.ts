/** Fetches one object in a process of its own and prints how much memory that took beyond idle, in MiB. */
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { fetchInputs } from '../../src/input/fetch-inputs.ts'
import { S3Store } from '../../src/storage/s3-store.ts'

const [uri = '', folder = '', access = ''] = process.argv.slice(2)
const store = new S3Store(JSON.parse(access))
await store.start()
await wait(200)
const idleBytes = process.memoryUsage.rss()
await fetchInputs([{ uri }], {
  store,
  clock: systemClock,
  folder: () => folder,
  mode: 'download',
  concurrency: 16,
  limits: { fileBytes: Number.MAX_SAFE_INTEGER, jobBytes: Number.MAX_SAFE_INTEGER },
  signal: new AbortController().signal,
  onFile: () => {},
  onProgress: () => {},
})
const peakBytes = process.resourceUsage().maxRSS * 1024
console.log((peakBytes - idleBytes) / 1024 / 1024)
await store.stop()
