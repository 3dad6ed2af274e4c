import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { LocalStore } from '../../src/storage/local-store.ts'
import { readAll, someBytes } from '../support/bytes.ts'
import { smallDisk } from '../support/small-disk.ts'

const MIB = 1024 * 1024
const FULL = { code: 'STORAGE_FULL', status: 507, retryable: true, message: /full \(ENOSPC\)/ }

async function storeOn(folder: string, shared = false): Promise<LocalStore> {
  const store = new LocalStore({ folder, shared, signingSecret: 'a secret that is long enough to sign with' })
  await store.start()
  return store
}

test('a put on a full disk says so, leaves nothing behind and works again when there is space', async () => {
  await using disk = await smallDisk(8)
  const store = await storeOn(disk.path)
  const ref = { bucket: 'full', key: 'folder/object' }
  const before = await store.put(ref, someBytes(MIB))
  await assert.rejects(store.put(ref, Readable.from([someBytes(5 * MIB), someBytes(5 * MIB)])), FULL)
  disk.fill()
  for (const body of [someBytes(MIB), Buffer.from('x')]) await assert.rejects(store.put(ref, body), FULL)
  assert.deepEqual(await readdir(join(disk.path, '.tmp')), [])
  assert.deepEqual(await store.head(ref), before)
  disk.free()
  await store.put(ref, someBytes(2 * MIB, 2))
  assert.ok(someBytes(2 * MIB, 2).equals(await readAll((await store.get(ref)).body)))
})

test('parts on a full disk are refused, those received stay, and the upload goes on when there is space', async () => {
  await using disk = await smallDisk(8)
  const store = await storeOn(disk.path)
  const ref = { bucket: 'full', key: 'uploaded' }
  const id = await store.createUpload(ref, { sizeBytes: 3 * MIB, partSizeBytes: MIB })
  const send = (partNumber: number) =>
    store.uploadPart(ref, id, { partNumber, sizeBytes: MIB }, Readable.from([someBytes(MIB, partNumber)]))
  const first = await send(1)
  disk.fill()
  await assert.rejects(send(2), FULL)
  await assert.rejects(send(1), FULL)
  await assert.rejects(store.createUpload(ref, { sizeBytes: MIB, partSizeBytes: MIB }), FULL)
  assert.deepEqual(await store.listParts(ref, id), [first])
  assert.deepEqual((await readdir(join(disk.path, '.uploads', id))).sort(), ['data', 'journal'])
  assert.deepEqual(await readdir(join(disk.path, '.tmp')), [])
  disk.free()
  await store.completeUpload(ref, id, [first, await send(2), await send(3)])
  const expected = Buffer.concat([1, 2, 3].map((seed) => someBytes(MIB, seed)))
  assert.ok(expected.equals(await readAll((await store.get(ref)).body)))
})

test('parts on a full disk of replicas are refused, those received stay, and the upload goes on when there is space', async () => {
  await using disk = await smallDisk(16)
  const [one, other] = [await storeOn(disk.path, true), await storeOn(disk.path, true)]
  const ref = { bucket: 'full', key: 'uploaded' }
  const id = await one.createUpload(ref, { sizeBytes: 3 * MIB, partSizeBytes: MIB })
  const send = (store: LocalStore, partNumber: number, seed = partNumber) =>
    store.uploadPart(ref, id, { partNumber, sizeBytes: MIB }, Readable.from([someBytes(MIB, seed)]))
  const first = await send(one, 1)
  disk.fill()
  for (const store of [one, other]) {
    await assert.rejects(send(store, 2), FULL)
    await assert.rejects(send(store, 1, 9), FULL)
    assert.deepEqual(await store.listParts(ref, id), [first])
  }
  disk.free()
  const parts = [first, await send(other, 2), await send(one, 3, 8)]
  parts[2] = await send(other, 3)
  disk.fill()
  for (const store of [one, other]) await assert.rejects(store.completeUpload(ref, id, parts), FULL)
  assert.equal(await other.head(ref), undefined)
  const files = await readdir(join(disk.path, '.uploads', id))
  assert.ok(!files.some((name) => /^(draft|whole)-/.test(name)), `nothing half written stays of ${files}`)
  disk.free()
  await other.completeUpload(ref, id, parts)
  const expected = Buffer.concat([1, 2, 3].map((seed) => someBytes(MIB, seed)))
  assert.ok(expected.equals(await readAll((await one.get(ref)).body)))
})
