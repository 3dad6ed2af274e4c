import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { type SurveyedFile, surveyInputs } from '../../src/input/survey.ts'
import type { ObjectInfo } from '../../src/storage/object-store.ts'
import type { ObjectRef } from '../../src/storage/object-uri.ts'
import { ImpatientClock } from '../support/impatient-clock.ts'
import { MemoryStore } from '../support/memory-store.ts'

/** Counts what it is asked. */
class CountingStore extends MemoryStore {
  heads = 0
  listed = 0
  override head(ref: ObjectRef): Promise<ObjectInfo | undefined> {
    this.heads += 1
    return super.head(ref)
  }
  override async *list(bucket: string, prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }> {
    for await (const found of super.list(bucket, prefix)) {
      this.listed += 1
      yield found
    }
  }
}

function fill(store: MemoryStore, folder: string, count: number): string[] {
  const uris = Array.from({ length: count }, (_, index) => `s3://data/${folder}${index}`)
  for (const [index, uri] of uris.entries()) store.objects.set(uri, Buffer.alloc(index))
  return uris
}

function survey(store: MemoryStore, uris: readonly string[], options = { etags: false }): Promise<SurveyedFile[]> {
  const entries = uris.map((uri, index) => ({ index, entry: { uri } }))
  return surveyInputs(entries, {
    store,
    clock: new ImpatientClock(),
    signal: new AbortController().signal,
    random: () => 0.5,
    concurrency: 4,
    limits: { fileBytes: 1_000_000, jobBytes: 1_000_000 },
    onMissing: () => {},
    ...options,
  })
}

test('many files of one folder are looked for by a listing, few one by one', async () => {
  const store = new CountingStore()
  const [many, few] = [fill(store, 'many/', 100), fill(store, 'few/', 5)]
  const found = await survey(store, [...many, ...few])
  assert.deepEqual(
    found.map(({ sizeBytes }) => sizeBytes),
    [...Array(100).keys(), ...Array(5).keys()],
  )
  assert.equal(store.heads, 5)
})

test('where every ETag is wanted, every file is asked for', async () => {
  const store = new CountingStore()
  const found = await survey(store, fill(store, '', 100), { etags: true })
  assert.ok(found.every(({ etag }) => etag !== undefined))
  assert.deepEqual([store.heads, store.listed], [100, 0])
})

test('what a listing does not show is asked for before it counts as missing', async () => {
  class Forgetful extends CountingStore {
    override async *list(bucket: string, prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }> {
      for await (const found of super.list(bucket, prefix)) if (found.key !== 'f/7') yield found
    }
  }
  const store = new Forgetful()
  const uris = fill(store, 'f/', 50)
  assert.equal((await survey(store, uris)).length, 50)
  await assert.rejects(survey(store, [...uris, 's3://data/f/gone']), (thrown: unknown) => {
    return thrown instanceof LongshoreError && thrown.code === 'INPUT_NOT_FOUND'
  })
})

test('a listing that is refused leaves the files to be asked for', async () => {
  class Unlistable extends CountingStore {
    // biome-ignore lint/correctness/useYield: it fails before there is anything to yield
    override async *list(): AsyncGenerator<{ key: string; sizeBytes: number }> {
      throw new LongshoreError('STORE_UNAVAILABLE', 'Access denied.')
    }
  }
  const store = new Unlistable()
  assert.equal((await survey(store, fill(store, 'f/', 50))).length, 50)
  assert.equal(store.heads, 50)
})

test('a listing is broken off when the folder holds far more than is wanted', async () => {
  const store = new CountingStore()
  const strangers = fill(store, 'f/', 5000)
  assert.equal((await survey(store, strangers.slice(-40))).length, 40)
  assert.equal(store.listed, 800)
  assert.equal(store.heads, 40)
})
