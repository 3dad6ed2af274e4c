import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { benchFolder, benchOutputs, secondsOf } from './support/bench-outputs.ts'
import { median, report } from './support/report.ts'

const RECORDS = 1_000_000
const BATCH = 4096
const RUNS = 3

/** A record as a processor of images writes it: some twenty numbers and a few words. */
function recordOf(index: number) {
  return {
    bin: 'D20240101T120000_IFCB001',
    roi: index,
    area: index * 1.37,
    perimeter: index / 7,
    equivalent_diameter: Math.sqrt(index),
    major_axis: index / 3,
    minor_axis: index / 9,
    eccentricity: 0.61803398875,
    orientation: -12.5,
    solidity: 0.973,
    extent: 0.741,
    centroid: { x: index % 1024, y: index % 768 },
    box: { x: 1, y: 2, width: 120, height: 88 },
    class: 'diatom',
  }
}

/** JSON.stringify joined in batches of 4,096 rows into one write stream. */
async function batches(folder: string): Promise<number> {
  const stream = createWriteStream(join(folder, `${crypto.randomUUID()}.jsonl`))
  for (let from = 0; from < RECORDS; from += BATCH) {
    const rows: string[] = []
    for (let index = from; index < Math.min(RECORDS, from + BATCH); index++) rows.push(JSON.stringify(recordOf(index)))
    if (!stream.write(`${rows.join('\n')}\n`)) await once(stream, 'drain')
  }
  stream.end()
  await finished(stream)
  return stream.bytesWritten
}

async function writer(folder: string): Promise<number> {
  const outputs = await benchOutputs(folder)
  const rows = outputs.jsonl()
  for (let index = 0; index < RECORDS; index++) await rows.write(recordOf(index))
  const objects = await outputs.commit()
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

async function mibPerSecond(work: () => Promise<number>): Promise<number> {
  let bytes = 0
  const seconds = await secondsOf(async () => {
    bytes = await work()
  })
  return bytes / 1024 / 1024 / seconds
}

await using folder = await benchFolder()
const ours: number[] = []
const theirs: number[] = []
for (let run = 0; run < RUNS; run++) {
  // What others left unwritten would be paid for by whoever syncs first.
  execFileSync('sync')
  theirs.push(await mibPerSecond(() => batches(folder.path)))
  execFileSync('sync')
  ours.push(await mibPerSecond(() => writer(folder.path)))
}
report({
  what: 'JSONL of 10^6 records, synced, with SHA-256',
  unit: 'MiB/s',
  ours: median(ours),
  baseline: { name: 'JSON.stringify in batches of 4,096 into one stream', value: median(theirs) },
  goal: { atLeast: 0.8 },
})
