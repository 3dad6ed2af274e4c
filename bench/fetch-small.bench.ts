import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { benchFolder, secondsOf } from './support/bench-outputs.ts'
import { s3Bench } from './support/bench-s3.ts'
import { median, report } from './support/report.ts'

const FILES = 10_000
const RUNS = 3

await using folder = await benchFolder()
await using bench = await s3Bench(FILES, 1024)

/** Files a second of a way to fetch them into an empty folder. */
async function filesPerSecond(fetch: (path: string) => Promise<unknown>): Promise<number> {
  const path = join(folder.path, 'files')
  await mkdir(path)
  const seconds = await secondsOf(() => fetch(path))
  await rm(path, { recursive: true })
  return FILES / seconds
}

const ways = {
  ours: (path: string) => bench.ours(path),
  sdk: (path: string) => bench.sdk((bytes, index) => writeFile(join(path, `${index}.bin`), bytes)),
  raw: (path: string) => bench.raw(async (body, index) => writeFile(join(path, `${index}.bin`), await buffer(body))),
}
const runs: Record<keyof typeof ways, number[]> = { ours: [], sdk: [], raw: [] }
for (let run = 0; run < RUNS; run++) {
  runs.sdk.push(await filesPerSecond(ways.sdk))
  runs.raw.push(await filesPerSecond(ways.raw))
  runs.ours.push(await filesPerSecond(ways.ours))
}
const ours = median(runs.ours)
const what = `manifest of 10,000 x 1 KiB from ${bench.serverName}, checked first`
report({
  what,
  unit: 'files/s',
  ours,
  baseline: { name: 'SDK GetObject', value: median(runs.sdk) },
  goal: { atLeast: 1 },
})
report({ what, unit: 'files/s', ours, baseline: { name: 'raw HTTP GET', value: median(runs.raw) } })
