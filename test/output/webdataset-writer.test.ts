import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { ShardIndex } from '../../src/contract/output.ts'
import type { ItemData } from '../../src/output/item-data.ts'
import type { MemoryStore } from '../support/memory-store.ts'
import { openTestOutputs } from '../support/output-fixture.ts'
import { tempFolder } from '../support/temp-folder.ts'

const withCode = (code: string) => (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

/** What an index says lies in its tar, cut out at the offsets. */
function itemsOf(store: MemoryStore, shard: { uri: string; index_uri: string }): [string, Buffer][] {
  const tar = store.objects.get(shard.uri) ?? Buffer.alloc(0)
  const index = ShardIndex.parse(JSON.parse(store.objects.get(shard.index_uri)?.toString() ?? ''))
  return index.items.map(({ name, size_bytes, offset }) => [name, tar.subarray(offset, offset + size_bytes)])
}

/** Name and size of each member as GNU tar lists them. */
function listWithTar(tar: Buffer): [string, number][] {
  const listed = execFileSync('tar', ['-tvf', '-', '--quoting-style=literal', '--numeric-owner'], {
    input: tar,
  }).toString()
  return listed
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, size, name] = /^\S+ +\S+ +(\d+) +\S+ +\S+ (.*)$/.exec(line) ?? []
      return [name ?? line, Number(size)]
    })
}

test('items become members of a tar with an index, and the dictionary tells of them', async () => {
  const { outputs, store, base } = openTestOutputs()
  const writer = outputs.webDataset()
  await writer.add('D2024', '00001', Buffer.from('image'), '.png')
  await writer.add('D2024', '00001', Buffer.from('{}'), '.json')
  const output = await writer.close()
  const tar = store.objects.get(`${base}artifacts_00000.tar`) ?? Buffer.alloc(0)
  assert.deepEqual(output, {
    name: 'artifacts',
    type: 'binary',
    format: 'webdataset',
    uris: [],
    shards: [
      {
        name: 'artifacts_00000',
        uri: `${base}artifacts_00000.tar`,
        index_uri: `${base}artifacts_00000.json`,
        metadata: { items: 2, bytes: tar.byteLength },
      },
    ],
    metadata: {},
  })
  assert.deepEqual(listWithTar(tar), [
    ['D2024/00001.png', 5],
    ['D2024/00001.json', 2],
  ])
})

test('a writer that nothing was added to answers null and leaves no object', async () => {
  const { outputs, store } = openTestOutputs()
  assert.equal(await outputs.webDataset().close(), null)
  assert.equal(store.objects.size, 0)
})

const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 180 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what names may not hold
  .map((text) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\\/]/g, '-'))
  .filter((text) => text !== '.' && text !== '..' && Buffer.byteLength(text) <= 240)

const item = fc.record({
  inputId: segment,
  recordId: segment,
  size: fc.oneof(fc.integer({ min: 0, max: 1600 }), fc.constantFrom(0, 511, 512, 513, 300_000)),
  extension: fc.constantFrom('.png', '.json', '', '_mask.png'),
  as: fc.constantFrom('bytes', 'stream', 'path'),
})

test('offset and size cut out every item exactly, and GNU tar lists the same, whatever names, sizes and sources', async () => {
  await using folder = await tempFolder()
  await fc.assert(
    fc.asyncProperty(
      fc.array(item, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 40_000 }),
      async (items, shardSizeBytes) => {
        const { outputs, store } = openTestOutputs({ shardSizeBytes })
        const writer = outputs.webDataset()
        const expected: [string, Buffer][] = []
        for (const [index, { inputId, recordId, size, extension, as }] of items.entries()) {
          const bytes = Buffer.alloc(size, index + 1)
          expected.push([`${inputId}/${recordId}${extension}`, bytes])
          await writer.add(inputId, recordId, await dataAs(as, bytes, join(folder.path, 'item')), extension)
        }
        const shards = (await writer.close())?.shards ?? []
        assert.deepEqual(
          shards.flatMap((shard) => itemsOf(store, shard)),
          expected,
        )
        const listed = shards.flatMap(({ uri }) => listWithTar(store.objects.get(uri) ?? Buffer.alloc(0)))
        assert.deepEqual(
          listed,
          expected.map(([name, bytes]) => [name, bytes.byteLength]),
        )
        for (const { uri, metadata } of shards.slice(0, -1)) {
          assert.ok(metadata.bytes >= shardSizeBytes)
          assert.equal(metadata.bytes, store.objects.get(uri)?.byteLength)
        }
      },
    ),
    { numRuns: 40 },
  )
})

async function dataAs(as: string, bytes: Buffer, path: string): Promise<ItemData> {
  if (as === 'bytes') return bytes
  if (as === 'stream')
    return { stream: Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]), sizeBytes: bytes.byteLength }
  await writeFile(path, bytes)
  return { path }
}

test('many callers may add at once, and each may use its buffer again', async () => {
  const { outputs, store } = openTestOutputs({ shardSizeBytes: 20_000 })
  const writer = outputs.webDataset()
  const add = async (index: number): Promise<void> => {
    const bytes = Buffer.alloc(1000, index)
    const data = index % 3 === 0 ? { stream: Readable.from([bytes]), sizeBytes: 1000 } : bytes
    await writer.add('input', String(index), data, '.bin')
    bytes.fill(255)
  }
  await Promise.all(Array.from({ length: 100 }, (_, index) => add(index)))
  const shards = (await writer.close())?.shards ?? []
  const items = shards.flatMap((shard) => itemsOf(store, shard))
  assert.ok(shards.length > 5)
  assert.deepEqual(
    items,
    Array.from({ length: 100 }, (_, index) => [`input/${index}.bin`, Buffer.alloc(1000, index)]),
  )
})

test('an item added while a stream is still coming waits for its turn', async () => {
  const { outputs, store } = openTestOutputs()
  const writer = outputs.webDataset()
  await writer.add('a', '0', Buffer.from('first'), '.txt')
  const gate = Promise.withResolvers<void>()
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('be')
    await gate.promise
    yield Buffer.from('gun')
  }
  const streamed = writer.add('a', '1', { stream: slow(), sizeBytes: 5 }, '.txt')
  await new Promise(setImmediate)
  const added = writer.add('a', '2', Buffer.from('then'), '.txt')
  gate.resolve()
  await Promise.all([streamed, added])
  const shard = (await writer.close())?.shards[0]
  assert.ok(shard)
  assert.deepEqual(
    itemsOf(store, shard).map(([, bytes]) => bytes.toString()),
    ['first', 'begun', 'then'],
  )
})

test('the same items give the same bytes', async () => {
  const digests = await Promise.all(
    [1, 2].map(async () => {
      const { outputs } = openTestOutputs()
      await outputs.webDataset().add('a', 'b', Buffer.from('c'), '.d')
      return (await outputs.commit()).map(({ sha256 }) => sha256)
    }),
  )
  assert.deepEqual(digests[0], digests[1])
})

test('a stream that gives more or less than announced fails the writer', async () => {
  for (const sizeBytes of [3, 5]) {
    const { outputs, store } = openTestOutputs()
    const writer = outputs.webDataset()
    await writer.add('a', '1', new Uint8Array(1), '.bin')
    await assert.rejects(
      writer.add('a', '2', { stream: Readable.from([Buffer.from('four')]), sizeBytes }, '.bin'),
      withCode('UNRECOVERABLE'),
    )
    assert.throws(() => writer.add('a', '3', new Uint8Array(1), '.bin'), withCode('UNRECOVERABLE'))
    await assert.rejects(outputs.commit(), withCode('UNRECOVERABLE'))
    await outputs.discard()
    assert.equal(store.objects.size, 0)
  }
})

test('item names that leave the folder or break listings are refused and the writer goes on', async () => {
  const { outputs } = openTestOutputs()
  const writer = outputs.webDataset()
  const names = [
    ['', 'a'],
    ['..', 'a'],
    ['a/../..', 'b'],
    ['/a', 'b'],
    ['a', '../b'],
    ['a\0', 'b'],
    ['a', 'b\n'],
    ['a', 'x'.repeat(256)],
  ] as const
  for (const [inputId, recordId] of names) {
    assert.throws(() => writer.add(inputId, recordId, new Uint8Array(1), '.png'), withCode('INVALID_FILENAME'))
  }
  await writer.add('a', 'b', new Uint8Array(1), '.png')
  assert.equal((await writer.close())?.shards[0]?.metadata.items, 1)
})
