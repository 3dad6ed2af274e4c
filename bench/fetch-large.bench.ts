import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { benchFolder, secondsOf } from './support/bench-outputs.ts'
import { s3Bench } from './support/bench-s3.ts'
import { median, report } from './support/report.ts'

const FILES = 64
const FILE_MIB = 16
const RUNS = 3

await using folder = await benchFolder()
await using bench = await s3Bench(FILES, FILE_MIB * 1024 * 1024)

/** MiB a second of a way to fetch the files into an empty folder. */
async function mibPerSecond(fetch: (path: string) => Promise<unknown>): Promise<number> {
  const path = join(folder.path, 'files')
  await mkdir(path)
  const seconds = await secondsOf(() => fetch(path))
  await rm(path, { recursive: true })
  return (FILES * FILE_MIB) / seconds
}

const raw = (path: string) => bench.raw((body, index) => pipeline(body, createWriteStream(join(path, `${index}.bin`))))
const ours: number[] = []
const theirs: number[] = []
for (let run = 0; run < RUNS; run++) {
  theirs.push(await mibPerSecond(raw))
  ours.push(await mibPerSecond((path) => bench.ours(path)))
}
report({
  what: `manifest of 64 x 16 MiB from ${bench.serverName}, checked first`,
  unit: 'MiB/s',
  ours: median(ours),
  baseline: { name: 'raw parallel HTTP GET to files', value: median(theirs) },
  goal: { atLeast: 0.9 },
})
report({
  what: 'memory beyond idle while one input of 4 GiB is fetched',
  unit: 'MiB',
  ours: await bench.memoryOf(4096, folder.path),
  goal: { atMost: 150 },
})
