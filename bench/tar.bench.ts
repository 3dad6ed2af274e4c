import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder, benchOutputs, secondsOf } from './support/bench-outputs.ts'
import { median, report } from './support/report.ts'

const ITEMS = 100_000
const ITEM_BYTES = 4096
const RUNS = 3

const item = Buffer.alloc(ITEM_BYTES, 'longshore')

/** The same items as files; read once by the first tar, so that the later ones find them in the page cache. */
function makeFiles(folder: string): void {
  mkdirSync(join(folder, 'items'))
  for (let index = 0; index < ITEMS; index++) writeFileSync(join(folder, 'items', `${index}.png`), item)
}

async function gnuTar(folder: string): Promise<void> {
  execFileSync('tar', ['-cf', join(folder, 'gnu.tar'), '-C', folder, 'items'])
}

async function shards(folder: string): Promise<void> {
  const outputs = await benchOutputs(join(folder, 'store'))
  const writer = outputs.webDataset()
  for (let index = 0; index < ITEMS; index++) await writer.add('items', String(index), item, '.png')
  await outputs.commit()
}

await using folder = await benchFolder()
makeFiles(folder.path)
await gnuTar(folder.path)
const ours: number[] = []
const theirs: number[] = []
for (let run = 0; run < RUNS; run++) {
  // What others left unwritten would be paid for by whoever syncs first.
  execFileSync('sync')
  theirs.push(ITEMS / (await secondsOf(() => gnuTar(folder.path))))
  execFileSync('sync')
  ours.push(ITEMS / (await secondsOf(() => shards(folder.path))))
  rmSync(join(folder.path, 'store'), { recursive: true })
}
report({
  what: 'tar shards of 10^5 x 4 KiB from memory, synced, with index and SHA-256',
  unit: 'files/s',
  ours: median(ours),
  baseline: { name: 'GNU tar over files, cache warm', value: median(theirs) },
  goal: { atLeast: 1 },
})
