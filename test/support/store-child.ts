import { writeSync } from 'node:fs'
import { LocalStore } from '../../src/storage/local-store.ts'
import { someBytes } from './bytes.ts'

/**
 * Works on a local store until it is killed, saying each step on stdout once it is done: what was said must hold
 * afterwards. `put`: overwrites one object without end. `parts`: sends every part of an upload again and again, three at
 * once. `complete`: sends all parts and completes. `shared`: other processes use the folder, too.
 */
const [folder = '', action = '', how = ''] = process.argv.slice(2)
const REF = { bucket: 'crashed', key: 'folder/object' }
const PARTS = 6
const PART_BYTES = 300_000
const store = new LocalStore({
  folder,
  shared: how === 'shared',
  signingSecret: 'a secret that is long enough to sign with',
})
await store.start()

if (action === 'put') for (let seed = 1; ; seed += 1) await put(seed)
const id = await store.createUpload(REF, { sizeBytes: PARTS * PART_BYTES, partSizeBytes: PART_BYTES })
say('upload', id)
if (action === 'parts') for (let seed = 1; ; seed += 1) await Promise.all([1, 3, 5].map((lane) => sendTwo(lane, seed)))
const parts = await Promise.all([1, 2, 3, 4, 5, 6].map((partNumber) => send(partNumber, 1)))
await send(2, 2)
parts[1] = await send(2, 3)
say('completing', JSON.stringify(parts))
await store.completeUpload(REF, id, parts)
say('completed', id)

async function put(seed: number): Promise<void> {
  await store.put(REF, slowly(someBytes(1_000_000, seed)))
  say('put', String(seed))
}

/** Stops between pieces, so that a kill can come amid a body. */
async function* slowly(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 250_000) {
    say('piece', String(start))
    yield bytes.subarray(start, start + 250_000)
  }
}

async function sendTwo(lane: number, seed: number): Promise<void> {
  await Promise.all([send(lane, seed), send(lane, seed + 1000)])
  await send(lane + 1, seed)
}

async function send(partNumber: number, seed: number) {
  const bytes = someBytes(PART_BYTES, seed * 10 + partNumber)
  const part = await store.uploadPart(REF, id, { partNumber, sizeBytes: bytes.length }, slowly(bytes))
  say('part', JSON.stringify(part))
  return part
}

function say(word: string, value: string): void {
  writeSync(1, `${word} ${value}\n`)
}
