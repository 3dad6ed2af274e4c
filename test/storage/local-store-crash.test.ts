import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { LocalStore } from '../../src/storage/local-store.ts'
import type { UploadedPart } from '../../src/storage/object-store.ts'
import { readAll, someBytes } from '../support/bytes.ts'
import { tempFolder } from '../support/temp-folder.ts'

const REF = { bucket: 'crashed', key: 'folder/object' }
const CHILD = new URL('../support/store-child.ts', import.meta.url).pathname

/** What the child said before it was killed with SIGKILL, at the given line or once it has said the given word. */
async function killed(
  folder: string,
  action: string,
  at: number | string,
  how = 'alone',
): Promise<[word: string, value: string][]> {
  const child = spawn(process.execPath, [CHILD, folder, action, how], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said: [string, string][] = []
  for await (const line of createInterface(child.stdout)) {
    const [word = '', value = ''] = line.split(/ (.*)/s)
    said.push([word, value])
    if (typeof at === 'number' ? said.length === at : word === at) child.kill('SIGKILL')
  }
  await exited
  return said
}

async function reopened(folder: string, how = 'alone'): Promise<LocalStore> {
  const shared = how === 'shared'
  const store = new LocalStore({ folder, shared, signingSecret: 'a secret that is long enough to sign with' })
  await store.start()
  if (!shared) assert.deepEqual(await readdir(join(folder, '.tmp')), [])
  return store
}

function lastOf(said: readonly [string, string][], word: string): string | undefined {
  return said.findLast(([first]) => first === word)?.[1]
}

async function contentOf(store: LocalStore): Promise<Buffer> {
  return readAll((await store.get(REF)).body)
}

for (const line of [1, 3, 4, 5, 6, 9, 14, 22]) {
  test(`killed at step ${line} of putting, the store has the last object it answered for, or the next, whole`, async () => {
    await using folder = await tempFolder()
    const said = await killed(folder.path, 'put', line)
    const store = await reopened(folder.path)
    const seed = Number(lastOf(said, 'put') ?? 0)
    const found = await store.head(REF)
    if (!found) return assert.equal(seed, 0)
    const content = await contentOf(store)
    assert.ok([seed, seed + 1].some((possible) => content.equals(someBytes(1_000_000, possible))))
  })
}

/** In a folder that the store has alone, and in one that it shares with the store that comes after it. */
function bothWays<At>(places: readonly At[]): [At, 'alone' | 'shared'][] {
  return places.flatMap((at): [At, 'alone' | 'shared'][] => [
    [at, 'alone'],
    [at, 'shared'],
  ])
}

for (const [line, how] of bothWays([2, 4, 9, 16, 25, 37, 60])) {
  test(`killed at step ${line} of receiving parts, the store has every part it answered for (${how})`, async () => {
    await using folder = await tempFolder()
    const said = await killed(folder.path, 'parts', line, how)
    const id = lastOf(said, 'upload') ?? ''
    const store = await reopened(folder.path, how)
    const answered = said.filter(([word]) => word === 'part').map(([, value]): UploadedPart => JSON.parse(value))
    const listed = await store.listParts(REF, id)
    for (const { partNumber } of answered) assert.ok(listed.some((part) => part.partNumber === partNumber))
    for (const partNumber of [1, 2, 3, 4, 5, 6]) {
      if (listed.some((part) => part.partNumber === partNumber)) continue
      const part = { partNumber, sizeBytes: 300_000 }
      listed.push(await store.uploadPart(REF, id, part, someBytes(300_000, partNumber)))
    }
    const parts = listed.toSorted((a, b) => a.partNumber - b.partNumber)
    await store.completeUpload(REF, id, parts)
    const content = await contentOf(store)
    for (const [i, part] of parts.entries()) {
      const checksum = crc32(content.subarray(i * 300_000, (i + 1) * 300_000))
      assert.equal(part.etag, `"${checksum.toString(16).padStart(8, '0')}-493e0"`, `part ${i + 1}`)
    }
    assert.deepEqual(await readdir(join(folder.path, '.uploads')), [])
  })
}

for (const [word, how] of bothWays(['completing', 'completing', 'completing', 'completing', 'completed'])) {
  test(`killed when ${word}, an upload can be completed, once more or at last (${how})`, async () => {
    await using folder = await tempFolder()
    const said = await killed(folder.path, 'complete', word, how)
    const store = await reopened(folder.path, how)
    const parts: UploadedPart[] = JSON.parse(lastOf(said, 'completing') ?? '')
    const info = await store.completeUpload(REF, lastOf(said, 'upload') ?? '', parts)
    const seeds = [1, 3, 1, 1, 1, 1].map((seed, i) => seed * 10 + i + 1)
    const expected = Buffer.concat(seeds.map((seed) => someBytes(300_000, seed)))
    assert.ok(expected.equals(await contentOf(store)))
    assert.equal(info.sizeBytes, expected.length)
    assert.deepEqual(await readdir(join(folder.path, '.uploads')), [])
  })
}
