import assert from 'node:assert/strict'
import { readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { LocalStore } from '../../src/storage/local-store.ts'
import type { UploadedPart } from '../../src/storage/object-store.ts'
import { readAll, someBytes, standingStream } from '../support/bytes.ts'
import { tempFolder } from '../support/temp-folder.ts'

const PLAN = { sizeBytes: 250, partSizeBytes: 100 }
const WHOLE = Buffer.concat([1, 2, 3].map((partNumber) => bytesOf(partNumber)))
const GONE = { code: 'UPLOAD_NOT_FOUND' }

function bytesOf(partNumber: number, seed = partNumber): Buffer {
  return someBytes(partNumber === 3 ? 50 : 100, seed)
}

/** One upload in a folder that three stores share, as three replicas would. */
async function openShared() {
  const folder = await tempFolder()
  const open = async (): Promise<LocalStore> => {
    const store = new LocalStore({ folder: folder.path, shared: true, signingSecret: 'a secret that is long enough' })
    await store.start()
    return store
  }
  const [one, two, three] = [await open(), await open(), await open()]
  const ref = { bucket: 'bucket', key: 'shared/object' }
  const id = await one.createUpload(ref, PLAN)
  return {
    one,
    two,
    three,
    open,
    ref,
    id,
    uploads: join(folder.path, '.uploads'),
    send: (store: LocalStore, partNumber: number, seed = partNumber) => {
      const bytes = bytesOf(partNumber, seed)
      return store.uploadPart(ref, id, { partNumber, sizeBytes: bytes.length }, bytes)
    },
    complete: (store: LocalStore, parts: readonly UploadedPart[]) => store.completeUpload(ref, id, parts),
    content: async () => readAll((await three.get(ref)).body),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  }
}

type Shared = Awaited<ReturnType<typeof openShared>>

async function sendAll({ one, two, send }: Shared): Promise<UploadedPart[]> {
  return [await send(one, 1), await send(two, 2), await send(one, 3)]
}

test('parts that each came once are written where they stay: completing copies nothing', async () => {
  await using shared = await openShared()
  const parts = await sendAll(shared)
  const { ino } = await stat(join(shared.uploads, shared.id, 'data'))
  const info = await shared.complete(shared.three, parts)
  assert.ok(info.etag.endsWith(`-${ino.toString(16)}"`), 'the file that parts were written to is the object')
  assert.ok(WHOLE.equals(await shared.content()))
  assert.deepEqual(await readdir(shared.uploads), [])
})

test('a part sent again with the same bytes, or after one that broke off, costs no copy either', async () => {
  await using shared = await openShared()
  const { one, two, ref, id, send } = shared
  const short = one.uploadPart(ref, id, { partNumber: 2, sizeBytes: 100 }, Readable.from([Buffer.alloc(60, 0xff)]))
  await assert.rejects(short, { code: 'PART_SIZE_MISMATCH' })
  const parts = await sendAll(shared)
  assert.deepEqual(await send(two, 1), parts[0])
  const { ino } = await stat(join(shared.uploads, id, 'data'))
  const info = await shared.complete(two, parts)
  assert.ok(info.etag.endsWith(`-${ino.toString(16)}"`))
  assert.ok(WHOLE.equals(await shared.content()))
})

test('whoever was frozen amid a part that another process received and completed reaches no byte of the object', async () => {
  await using shared = await openShared()
  const { one, two, three, ref, id, send } = shared
  let frozen: Promise<unknown> = Promise.resolve()
  const body = await standingStream(Buffer.alloc(60, 0xff), (stream) => {
    frozen = one.uploadPart(ref, id, { partNumber: 2, sizeBytes: 100 }, stream)
    frozen.catch(() => {})
  })
  const parts = [await send(two, 1), await send(two, 2), await send(three, 3)]
  const info = await shared.complete(three, parts)
  body.end(Buffer.alloc(40, 0xff))
  await assert.rejects(frozen, GONE)
  assert.deepEqual(await two.head(ref), info)
  assert.ok(WHOLE.equals(await shared.content()))
  assert.deepEqual(await readdir(shared.uploads), [])
})

test('an upload that several complete at once becomes one object, and all are answered the same', async () => {
  for (const seeds of [[2], [7, 8, 2]]) {
    await using shared = await openShared()
    const { one, two, three, send } = shared
    const parts = await sendAll(shared)
    for (const seed of seeds) parts[1] = await send(three, 2, seed)
    const infos = await Promise.all([one, two, three, one].map((store) => shared.complete(store, parts)))
    assert.equal(new Set(infos.map(({ etag }) => etag)).size, 1)
    assert.deepEqual(await shared.complete(two, parts), infos[0])
    assert.ok(WHOLE.equals(await shared.content()))
    assert.deepEqual(await readdir(shared.uploads), [])
    await assert.rejects(send(one, 1), GONE)
  }
})

test('whatever is sent to whom, in any order and at once, the parts that are listed are those that come out', async () => {
  const sending = fc.record({
    partNumber: fc.constantFrom(1, 2, 3),
    seed: fc.integer({ min: 1, max: 4 }),
    to: fc.constantFrom('one' as const, 'two' as const, 'three' as const),
    breaks: fc.boolean(),
  })
  const rounds = fc.array(fc.array(sending, { minLength: 1, maxLength: 6 }), { maxLength: 5 })
  const property = fc.asyncProperty(rounds, fc.subarray([1, 2, 3]), async (all, last) => {
    await using shared = await openShared()
    const { one, two, three, ref, id } = shared
    for (const round of all) {
      await Promise.all(
        round.map((part) =>
          part.breaks ? breakOff(shared, part) : shared.send(shared[part.to], part.partNumber, part.seed),
        ),
      )
    }
    for (const partNumber of last) await shared.send(two, partNumber, 5)
    const parts = await three.listParts(ref, id)
    for (const partNumber of last)
      assert.equal(parts.find((part) => part.partNumber === partNumber)?.etag, etagOf(bytesOf(partNumber, 5)))
    for (const partNumber of [1, 2, 3]) {
      if (!parts.some((part) => part.partNumber === partNumber)) parts.push(await shared.send(one, partNumber))
    }
    parts.sort((a, b) => a.partNumber - b.partNumber)
    await shared.complete(one, parts)
    const content = await shared.content()
    assert.deepEqual(
      [content.subarray(0, 100), content.subarray(100, 200), content.subarray(200)].map(etagOf),
      parts.map(({ etag }) => etag),
    )
  })
  await fc.assert(property, { numRuns: 60 })
})

async function breakOff(shared: Shared, part: { partNumber: number; to: 'one' | 'two' | 'three' }): Promise<void> {
  const target = { partNumber: part.partNumber, sizeBytes: bytesOf(part.partNumber).length }
  const sending = shared[part.to].uploadPart(shared.ref, shared.id, target, Readable.from([Buffer.alloc(20, 0xff)]))
  await assert.rejects(sending, { code: 'PART_SIZE_MISMATCH' })
}

function etagOf(bytes: Buffer): string {
  return `"${crc32(bytes).toString(16).padStart(8, '0')}-${bytes.length.toString(16)}"`
}

test('a completion cut off before the object was there is ended by whoever is asked next', async () => {
  for (const ask of ['complete', 'list'] as const) {
    await using shared = await openShared()
    const { two, three, ref, id } = shared
    const parts = await sendAll(shared)
    await rename(join(shared.uploads, id), join(shared.uploads, `${id}.complete.data`))
    await shared.open()
    if (ask === 'complete') await shared.complete(two, parts)
    else await assert.rejects(two.listParts(ref, id), GONE)
    assert.equal((await three.head(ref))?.sizeBytes, 250)
    assert.ok(WHOLE.equals(await shared.content()))
    assert.deepEqual(await readdir(shared.uploads), [])
  }
})

test('an upload whose completion was cut off is dropped like any other, by its id or its key', async () => {
  for (const drop of ['abortUpload', 'abortUploads'] as const) {
    await using shared = await openShared()
    const { two, ref, id } = shared
    const parts = await sendAll(shared)
    await rename(join(shared.uploads, id), join(shared.uploads, `${id}.complete.data`))
    await two.abortUpload({ ...ref, key: 'other' }, id)
    if (drop === 'abortUpload') await two.abortUpload(ref, id)
    else await two.abortUploads('bucket', 'shared/')
    assert.deepEqual(await readdir(shared.uploads), [])
    await assert.rejects(shared.complete(two, parts), GONE)
  }
})

test('what is left of an upload that is its object goes at the next start; uploads that are open stay', async () => {
  await using shared = await openShared()
  const { one, ref, id } = shared
  const other = await one.createUpload(ref, PLAN)
  await sendAll(shared)
  const left = join(shared.uploads, `${id}.complete.whole-1`)
  await rename(join(shared.uploads, id), left)
  await shared.open()
  assert.deepEqual(await readdir(shared.uploads), [other])
})

test('a part that arrives while another process drops the upload is refused, and nothing of it stays', async () => {
  await using shared = await openShared()
  const { one, two, ref, id, send } = shared
  await send(one, 1)
  for (const partNumber of [1, 2]) {
    const slow = new PassThrough()
    slow.write(Buffer.alloc(60))
    const target = { partNumber, sizeBytes: 100 }
    const sending = one.uploadPart(ref, id, target, slow)
    const refused = assert.rejects(sending, GONE)
    await two.abortUpload(ref, id)
    slow.end(Buffer.alloc(40))
    await refused
    assert.deepEqual(await readdir(shared.uploads), [])
  }
})

test('an id is never a path, and an upload is found under its own object only', async () => {
  await using shared = await openShared()
  const { one, ref, id } = shared
  const other = { ...ref, key: 'other' }
  await assert.rejects(one.listParts(other, id), GONE)
  await one.abortUpload(other, id)
  for (const path of [`../.uploads/${id}`, '..', '.', '', `${id}/`, id.toUpperCase()]) {
    await assert.rejects(one.listParts(ref, path), GONE)
    await one.abortUpload(ref, path)
    await assert.rejects(one.completeUpload(ref, path, []), GONE)
  }
  assert.deepEqual(await one.listParts(ref, id), [])
})

test('part numbers and sizes must be those of the plan', async () => {
  await using shared = await openShared()
  const { one, ref, id } = shared
  const send = (partNumber: number, sizeBytes: number) =>
    one.uploadPart(ref, id, { partNumber, sizeBytes }, Buffer.alloc(sizeBytes))
  for (const partNumber of [0, 4, -1, 1.5]) await assert.rejects(send(partNumber, 100), { code: 'PARTS_MISMATCH' })
  for (const sizeBytes of [99, 101, 0]) await assert.rejects(send(1, sizeBytes), { code: 'PART_SIZE_MISMATCH' })
  assert.deepEqual((await readdir(join(shared.uploads, id))).sort(), ['data', 'journal'])
})
