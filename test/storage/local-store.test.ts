import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { LocalStore } from '../../src/storage/local-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { objectStoreConformance, type StoreUnderTest } from '../conformance/object-store.ts'
import { readAll, someBytes } from '../support/bytes.ts'
import { serveSignedObjects } from '../support/signed-object-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const SECRET = 'a secret that is long enough to sign with'

objectStoreConformance('the local store', () =>
  underTest((folder) => new LocalStore({ folder, signingSecret: SECRET })),
)

objectStoreConformance('a folder that three local stores share, each asked in its turn,', () => underTest(inTurns))

async function underTest(make: (folder: string) => ObjectStore): Promise<StoreUnderTest> {
  const folder = await tempFolder()
  const store = make(folder.path)
  await store.start()
  const server = await serveSignedObjects(store, SECRET)
  const dispose = async (): Promise<void> => {
    await server[Symbol.asyncDispose]()
    await store.stop()
    await folder[Symbol.asyncDispose]()
  }
  return { store, bucket: 'tested', absolute: (url) => server.origin + url, [Symbol.asyncDispose]: dispose }
}

/** What one store is told, the next one is asked about: nothing may lie in the memory of either. */
function inTurns(folder: string): ObjectStore {
  const stores = [1, 2, 3].map(() => new LocalStore({ folder, shared: true, signingSecret: SECRET }))
  const all = async (verb: 'start' | 'stop'): Promise<void> => {
    for (const store of stores) await store[verb]()
  }
  const own = { start: () => all('start'), stop: () => all('stop') }
  let turn = 0
  return new Proxy(stores[0] ?? assert.fail(), {
    get: (_, verb) => {
      turn += 1
      const next = stores[turn % stores.length] ?? assert.fail()
      return Reflect.get(own, verb) ?? Reflect.get(next, verb, next).bind?.(next) ?? Reflect.get(next, verb, next)
    },
  })
}

async function openStore(): Promise<
  { store: LocalStore; path: string; reopen(): Promise<LocalStore> } & AsyncDisposable
> {
  const folder = await tempFolder()
  const reopen = async (): Promise<LocalStore> => {
    const store = new LocalStore({ folder: folder.path, signingSecret: SECRET })
    await store.start()
    return store
  }
  return { store: await reopen(), path: folder.path, reopen, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

/** Everything below a folder, as paths. */
async function tree(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true })).sort()
}

async function upload(store: LocalStore, key: string) {
  const ref = { bucket: 'bucket', key }
  const id = await store.createUpload(ref, { sizeBytes: 250, partSizeBytes: 100 })
  const send = (partNumber: number, seed = partNumber) => {
    const sizeBytes = partNumber === 3 ? 50 : 100
    return store.uploadPart(ref, id, { partNumber, sizeBytes }, someBytes(sizeBytes, seed))
  }
  return { ref, id, send }
}

const WHOLE = Buffer.concat([someBytes(100, 1), someBytes(100, 2), someBytes(50, 3)])

test('an object is a file where its key says', async () => {
  await using opened = await openStore()
  await opened.store.put({ bucket: 'bucket', key: 'datasets/Größe 1/file.dat' }, Buffer.from('bytes'))
  assert.equal(await readFile(join(opened.path, 'bucket/datasets/Größe 1/file.dat'), 'utf8'), 'bytes')
})

test('a file that a person puts there is an object', async () => {
  await using opened = await openStore()
  await mkdir(join(opened.path, 'bucket/by hand'), { recursive: true })
  await writeFile(join(opened.path, 'bucket/by hand/a.txt'), 'bytes')
  await writeFile(join(opened.path, 'bucket/by hand/100% odd'), 'no key leads here')
  const { info, body } = await opened.store.get({ bucket: 'bucket', key: 'by hand/a.txt' })
  assert.equal(String(await readAll(body)), 'bytes')
  assert.equal(info.contentType, 'text/plain')
  const keys: string[] = []
  for await (const { key } of opened.store.list('bucket', '')) keys.push(key)
  assert.deepEqual(keys, ['by hand/a.txt'])
})

test('deleting the last object of a folder removes the folder, a put at the same time notwithstanding', async () => {
  await using opened = await openStore()
  const old = { bucket: 'bucket', key: 'a/b/c/old' }
  for (let round = 0; round < 10; round += 1) {
    await opened.store.put(old, Buffer.from('x'))
    const young = { bucket: 'bucket', key: `a/b/c/young-${round}` }
    await Promise.all([opened.store.delete([old]), opened.store.put(young, Buffer.from('y'))])
    assert.equal((await opened.store.head(young))?.sizeBytes, 1)
    await opened.store.delete([young])
    assert.deepEqual(await tree(join(opened.path, 'bucket')), [])
  }
})

test('an object whose folder and neighbours come and go at the same time is never missed', async () => {
  await using opened = await openStore()
  const [ref, below] = ['a', 'a/b'].map((key) => ({ bucket: 'bucket', key }))
  assert.ok(ref && below)
  await opened.store.put(ref, Buffer.from('here'))
  let over = false
  const changing = (async () => {
    for (let round = 0; round < 100; round += 1) {
      await opened.store.put(below, Buffer.from('x'))
      await opened.store.put(ref, Buffer.from('here'))
      await opened.store.delete([below])
    }
    over = true
  })()
  while (!over) assert.equal(String(await readAll((await opened.store.get(ref)).body)), 'here')
  await changing
})

test('what a crash left unfinished is removed at start, open uploads stay', async () => {
  await using opened = await openStore()
  const { ref, id, send } = await upload(opened.store, 'kept')
  const parts = [await send(1), await send(2)]
  await writeFile(join(opened.path, '.tmp/half'), 'half an object')
  await mkdir(join(opened.path, '.uploads/00000000-0000-4000-8000-000000000000'))
  const store = await opened.reopen()
  assert.deepEqual(await readdir(join(opened.path, '.tmp')), [])
  assert.deepEqual(await readdir(join(opened.path, '.uploads')), [id])
  assert.deepEqual(await store.listParts(ref, id), parts)
  parts.push(await store.uploadPart(ref, id, { partNumber: 3, sizeBytes: 50 }, someBytes(50, 3)))
  await store.completeUpload(ref, id, parts)
  assert.ok(WHOLE.equals(await readAll((await store.get(ref)).body)))
})

test('a journal of which a power cut left zeros counts up to them, and the upload can still be ended', async () => {
  await using opened = await openStore()
  const { ref, id, send } = await upload(opened.store, 'zeros')
  const first = await send(1)
  const journal = join(opened.path, '.uploads', id, 'journal')
  await writeFile(journal, '\0\0\0\0"etag":"x"}\n{"partNumber":3,"sizeBytes":1,"etag":"x","file":null}\n', {
    flag: 'a',
  })
  const store = await opened.reopen()
  assert.deepEqual(await store.listParts(ref, id), [first])
  const second = await store.uploadPart(ref, id, { partNumber: 2, sizeBytes: 100 }, someBytes(100, 2))
  assert.deepEqual(await (await opened.reopen()).listParts(ref, id), [first, second])
  await store.abortUpload(ref, id)
  assert.deepEqual(await readdir(join(opened.path, '.uploads')), [])
})

test('a journal that a crash cut off amid a line keeps the lines before it and takes new ones', async () => {
  await using opened = await openStore()
  const { ref, id, send } = await upload(opened.store, 'torn')
  const first = await send(1)
  const journal = join(opened.path, '.uploads', id, 'journal')
  await writeFile(journal, '{"partNumber":2,"sizeBytes":100,"et', { flag: 'a' })
  const torn = await opened.reopen()
  assert.deepEqual(await torn.listParts(ref, id), [first])
  const second = await torn.uploadPart(ref, id, { partNumber: 2, sizeBytes: 100 }, someBytes(100, 2))
  assert.deepEqual(await (await opened.reopen()).listParts(ref, id), [first, second])
})

test('completing again after a crash between the rename and the clearing answers the object', async () => {
  await using opened = await openStore()
  const { ref, id, send } = await upload(opened.store, 'moved')
  const parts = [await send(1), await send(2), await send(3)]
  const folder = join(opened.path, '.uploads', id)
  await cp(folder, `${opened.path}/saved`, { recursive: true })
  const info = await opened.store.completeUpload(ref, id, parts)
  await rm(`${opened.path}/saved/data`)
  await cp(`${opened.path}/saved`, folder, { recursive: true })
  assert.deepEqual(await opened.store.completeUpload(ref, id, parts), info)
  const store = await opened.reopen()
  assert.deepEqual(await readdir(join(opened.path, '.uploads')), [])
  assert.deepEqual(await store.completeUpload(ref, id, parts), info)
})

test('a copy of a received part that stands still neither spoils the object nor holds up its completion', async () => {
  await using opened = await openStore()
  const { ref, id, send } = await upload(opened.store, 'raced')
  const slow = new PassThrough()
  const first = opened.store.uploadPart(ref, id, { partNumber: 2, sizeBytes: 100 }, slow)
  slow.write(Buffer.alloc(60, 0xff))
  const parts = [await send(1), await send(2), await send(3)]
  const [info] = await Promise.all([
    opened.store.completeUpload(ref, id, parts),
    assert.rejects(first, { code: 'UPLOAD_NOT_FOUND' }),
  ])
  slow.destroy()
  assert.equal(info.sizeBytes, 250)
  assert.ok(WHOLE.equals(await readAll((await opened.store.get(ref)).body)))
})

test('part numbers and sizes must be those of the plan', async () => {
  await using opened = await openStore()
  const { ref, id } = await upload(opened.store, 'planned')
  const send = (partNumber: number, sizeBytes: number) =>
    opened.store.uploadPart(ref, id, { partNumber, sizeBytes }, Buffer.alloc(sizeBytes))
  for (const partNumber of [0, 4, -1, 1.5]) await assert.rejects(send(partNumber, 100), { code: 'PARTS_MISMATCH' })
  for (const sizeBytes of [99, 101, 0]) await assert.rejects(send(1, sizeBytes), { code: 'PART_SIZE_MISMATCH' })
  await assert.rejects(send(3, 100), { code: 'PART_SIZE_MISMATCH' })
  assert.deepEqual(await opened.store.listParts(ref, id), [])
})

test('an upload is found under its own object only, and an id is never a path', async () => {
  await using opened = await openStore()
  const { ref, id } = await upload(opened.store, 'mine')
  const other = { ...ref, key: 'other' }
  await assert.rejects(opened.store.listParts(other, id), { code: 'UPLOAD_NOT_FOUND' })
  await opened.store.abortUpload(other, id)
  assert.deepEqual(await opened.store.listParts(ref, id), [])
  for (const path of [`../.uploads/${id}`, '..', '.', '', `${id}/`, id.toUpperCase()]) {
    await assert.rejects(opened.store.listParts(ref, path), { code: 'UPLOAD_NOT_FOUND' })
    await opened.store.abortUpload(ref, path)
  }
  assert.deepEqual(await opened.store.listParts(ref, id), [])
})

test('a folder that cannot be used is named with what the system says', async () => {
  await using folder = await tempFolder()
  await writeFile(join(folder.path, 'file'), '')
  const store = new LocalStore({ folder: join(folder.path, 'file'), signingSecret: SECRET })
  await assert.rejects(store.start(), { code: 'STORE_UNAVAILABLE', message: /file.*ENOTDIR|ENOTDIR.*file/ })
})

test('where folders are shared, what a process left that died is removed a day later; what may be written just now is not', async () => {
  await using folder = await tempFolder()
  const other = join(folder.path, '.tmp', 'of another process')
  await mkdir(other, { recursive: true })
  const dayAgoSeconds = Date.now() / 1000 - 86_400
  for (const [name, ageSeconds] of Object.entries({ left: 60, recent: -60 })) {
    await writeFile(join(other, name), 'half an object')
    await utimes(join(other, name), dayAgoSeconds - ageSeconds, dayAgoSeconds - ageSeconds)
  }
  const store = new LocalStore({ folder: folder.path, shared: true, signingSecret: SECRET })
  await store.start()
  assert.deepEqual(await readdir(other), ['recent'])
  await store.stop()
})
