import { setTimeout as wait } from 'node:timers/promises'
import { benchFolder, benchOutputs } from './support/bench-outputs.ts'
import { report } from './support/report.ts'

const MIB = 1024 * 1024
const SHARD_BYTES = 2048 * MIB
const ITEM_BYTES = 16 * 1024

await using folder = await benchFolder()
const outputs = await benchOutputs(folder.path, SHARD_BYTES * 2)
await wait(200)
const idleBytes = process.memoryUsage.rss()
const writer = outputs.webDataset()
for (let index = 0; index < SHARD_BYTES / ITEM_BYTES; index++) {
  await writer.add('items', String(index), Buffer.alloc(ITEM_BYTES, index), '.png')
}
await outputs.commit()
report({
  what: 'memory beyond idle during one shard of 2 GiB in 131,072 items',
  unit: 'MiB',
  ours: (process.resourceUsage().maxRSS * 1024 - idleBytes) / MIB,
  goal: { atMost: 150 },
})
