import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FromHost } from '../../../src/processor/hosted/messages.ts'
import { RemoteStore } from '../../../src/processor/hosted/remote-store.ts'
import { packThrown } from '../../../src/processor/hosted/thrown.ts'

const MIB = 1024 * 1024
const REF = { bucket: 'out', key: 'results/job/large.bin' }

function openStore() {
  const sent: FromHost[] = []
  const store = new RemoteStore({ send: (message) => sent.push(message) }, 'results/job/')
  const sentBytes = (): number =>
    sent.reduce((sum, message) => sum + (message.type === 'object chunk' ? message.chunk.byteLength : 0), 0)
  const objectOf = (): number => sent.flatMap((message) => (message.type === 'object' ? [message.object] : []))[0] ?? 0
  return { store, sent, sentBytes, objectOf }
}

/** Made as they are asked for, so that what was not sent was not made either. */
async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n++) yield Buffer.alloc(MIB)
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 50; n++) await new Promise(setImmediate)
}

test('no more is under way than the service has room for, and taking makes room', async () => {
  const { store, sent, sentBytes, objectOf } = openStore()
  const stored = store.put(REF, chunks(20))
  await turns()
  assert.equal(sentBytes(), 4 * MIB)
  assert.deepEqual(sent[0], {
    type: 'object',
    object: objectOf(),
    name: 'large.bin',
    mediaType: 'application/octet-stream',
  })
  for (let taken = 0; taken < 20; taken++) {
    store.receive({ type: 'object taken', object: objectOf(), bytes: MIB })
    await turns()
  }
  assert.equal(sentBytes(), 20 * MIB)
  const output = { uri: 's3://out/results/job/large.bin', sizeBytes: 20 * MIB, sha256: 'd', mediaType: 'x' }
  store.receive({ type: 'object stored', object: objectOf(), output })
  assert.equal((await stored).sizeBytes, 20 * MIB)
})

test('what the service could not store fails the write, also one that waits for room', async () => {
  const { store, objectOf } = openStore()
  const stored = store.put(REF, chunks(20))
  await turns()
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  store.receive({ type: 'object failed', object: objectOf(), failure: packThrown(full) })
  await assert.rejects(stored, { code: 'ENOSPC', message: 'no space left' })
})
