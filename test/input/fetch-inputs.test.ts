import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { LongshoreError } from '../../src/base/errors.ts'
import { type FetchOptions, type FetchProgress, fetchInputs } from '../../src/input/fetch-inputs.ts'
import type { JobFile, ManifestEntry } from '../../src/job/job.ts'
import type { GetOptions, ObjectInfo } from '../../src/storage/object-store.ts'
import type { ObjectRef } from '../../src/storage/object-uri.ts'
import { BreakingStore } from '../support/breaking-store.ts'
import { ImpatientClock } from '../support/impatient-clock.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { tempFolder } from '../support/temp-folder.ts'

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const withCode = (code: string) => (thrown: unknown) => thrown instanceof LongshoreError && thrown.code === code

/** Bytes that differ everywhere, so that a piece in the wrong place shows. */
function bytesFor(seed: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (seed * 31 + at * 7 + (at >> 8)) & 255
  return bytes
}

/** A store with objects `s3://data/<name>`, and what a fetch from it is called with. */
async function fixture(store: MemoryStore, contents: Record<string, Uint8Array>) {
  for (const [name, bytes] of Object.entries(contents)) store.objects.set(`s3://data/${name}`, Buffer.from(bytes))
  const folder = await tempFolder()
  const rows: JobFile[] = []
  const progress: FetchProgress[] = []
  const clock = new ImpatientClock()
  const options: FetchOptions = {
    store,
    clock,
    folder: () => folder.path,
    mode: 'download',
    concurrency: 4,
    limits: { fileBytes: 100_000_000, jobBytes: 1_000_000_000 },
    signal: new AbortController().signal,
    onFile: (row) => rows.push(row),
    onProgress: (each) => progress.push(each),
    random: () => 0.5,
  }
  const entries: ManifestEntry[] = Object.keys(contents).map((name) => ({ uri: `s3://data/${name}` }))
  return { options, entries, rows, progress, clock, folder, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

test('files are fetched whole, in manifest order, with ledger rows and progress to the last byte', async () => {
  const contents = { 'a/x.bin': bytesFor(1, 100_000), 'b/x.bin': bytesFor(2, 1), 'empty.txt': Buffer.alloc(0) }
  await using given = await fixture(new MemoryStore(), contents)
  const files = await fetchInputs(given.entries, given.options)
  assert.deepEqual(
    files.map(({ index, uri, sizeBytes, path }) => ({ index, uri, sizeBytes, name: basename(path) })),
    [
      { index: 0, uri: 's3://data/a/x.bin', sizeBytes: 100_000, name: 'x.bin' },
      { index: 1, uri: 's3://data/b/x.bin', sizeBytes: 1, name: 'x.bin' },
      { index: 2, uri: 's3://data/empty.txt', sizeBytes: 0, name: 'empty.txt' },
    ],
  )
  assert.notEqual(dirname(files[0]?.path ?? ''), dirname(files[1]?.path ?? ''))
  for (const [position, bytes] of Object.values(contents).entries()) {
    assert.deepEqual(await readFile(files[position]?.path ?? ''), bytes)
  }
  const states = given.rows.map(({ index, state }) => `${index} ${state}`).sort()
  assert.deepEqual(states, ['0 downloaded', '0 pending', '1 downloaded', '1 pending', '2 downloaded', '2 pending'])
  const last = { percent: 100, files_done: 3, files_total: 3, bytes_done: 100_001, bytes_total: 100_001 }
  assert.deepEqual(given.progress.at(-1), last)
})

test('bodies that break at random points still give the exact bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 25 }),
      fc.boolean(),
      async (sizes, breaks, silent) => {
        const points = [...breaks]
        const store = new BreakingStore((sizeBytes) => {
          const point = points.pop()
          // A break that brings no byte at all may happen five times in a row; this property is about the others.
          return point === undefined || sizeBytes === 0 ? undefined : Math.max(1, Math.floor(point * sizeBytes))
        }, silent)
        const contents = Object.fromEntries(sizes.map((size, index) => [`f${index}`, bytesFor(index, size)]))
        await using given = await fixture(store, contents)
        const entries = given.entries.map(({ uri }, index) => ({
          uri,
          sha256: sha256Of(contents[`f${index}`] ?? Buffer.alloc(0)),
        }))
        const files = await fetchInputs(entries, given.options)
        for (const { index, path } of files) assert.deepEqual(await readFile(path), contents[`f${index}`])
        assert.equal(
          given.progress.at(-1)?.bytes_done,
          sizes.reduce((sum, size) => sum + size, 0),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('a fetch resumes where it stopped and asks for the same object', async () => {
  const asked: GetOptions[] = []
  let first = true
  class Watched extends BreakingStore {
    override get(ref: ObjectRef, options: GetOptions = {}): Promise<{ info: ObjectInfo; body: Readable }> {
      asked.push(options)
      return super.get(ref, options)
    }
  }
  const store = new Watched(() => {
    const until = first ? 7_000 : undefined
    first = false
    return until
  })
  await using given = await fixture(store, { x: bytesFor(1, 20_000) })
  const [file] = await fetchInputs(given.entries, given.options)
  assert.deepEqual(
    asked.map(({ range, ifMatch }) => ({ range, ifMatch })),
    [
      { range: undefined, ifMatch: file?.etag },
      { range: { start: 7_000 }, ifMatch: file?.etag },
    ],
  )
})

test('a connection that breaks after the last byte is not opened again', async () => {
  let opened = 0
  class Counting extends BreakingStore {
    override get(ref: ObjectRef, options: GetOptions = {}): Promise<{ info: ObjectInfo; body: Readable }> {
      opened += 1
      return super.get(ref, options)
    }
  }
  await using given = await fixture(new Counting((sizeBytes) => sizeBytes), { x: bytesFor(1, 20_000) })
  const [file] = await fetchInputs(given.entries, given.options)
  assert.deepEqual(await readFile(file?.path ?? ''), bytesFor(1, 20_000))
  assert.equal(opened, 1)
})

test('no file is left open', { skip: process.platform !== 'linux' }, async () => {
  await using given = await fixture(new MemoryStore(), { x: bytesFor(1, 100), y: bytesFor(2, 0) })
  await fetchInputs(given.entries, given.options)
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
  const open = (await Promise.all(links)).filter((path) => path.startsWith(given.folder.path))
  assert.deepEqual(open, [])
})

test('an object that changes meanwhile is fetched anew, never mixed', async () => {
  let breaks = 1
  const store: BreakingStore = new BreakingStore(() => {
    if (breaks-- <= 0) return undefined
    store.objects.set('s3://data/x', bytesFor(9, 5_000))
    return 7_000
  })
  await using given = await fixture(store, { x: bytesFor(1, 20_000) })
  const [file] = await fetchInputs(given.entries, given.options)
  assert.deepEqual(await readFile(file?.path ?? ''), bytesFor(9, 5_000))
  assert.equal(file?.sizeBytes, 5_000)
  assert.equal(given.progress.at(-1)?.bytes_done, 5_000)
})

test('an object that keeps changing is left for a later attempt', async () => {
  let version = 1
  const store: BreakingStore = new BreakingStore(() => {
    store.objects.set('s3://data/x', bytesFor(++version, 20_000))
    return 5_000
  })
  await using given = await fixture(store, { x: bytesFor(1, 20_000) })
  await assert.rejects(fetchInputs(given.entries, given.options), (thrown: unknown) => {
    return withCode('PRECONDITION_FAILED')(thrown) && thrown instanceof LongshoreError && thrown.retryable
  })
})

test('a connection that never brings a byte is given up after a few growing delays, and may be retried as a job', async () => {
  await using given = await fixture(new BreakingStore(() => 0), { x: bytesFor(1, 100) })
  await assert.rejects(fetchInputs(given.entries, given.options), (thrown: unknown) => {
    return withCode('STORE_UNAVAILABLE')(thrown) && /s3:\/\/data\/x .*ECONNRESET/.test(String(thrown))
  })
  assert.deepEqual(given.clock.delays, [125, 250, 500, 1000, 2000])
  assert.deepEqual(
    given.rows.map(({ state }) => state),
    ['pending', 'failed'],
  )
})

test('all missing files are named before a byte is fetched', async () => {
  await using given = await fixture(new MemoryStore(), { x: bytesFor(1, 100) })
  const entries = [...given.entries, { uri: 's3://data/gone' }, { uri: 's3://data/lost' }]
  await assert.rejects(fetchInputs(entries, given.options), (thrown: unknown) => {
    assert.ok(withCode('INPUT_NOT_FOUND')(thrown) && thrown instanceof LongshoreError)
    assert.match(thrown.message, /s3:\/\/data\/gone/)
    assert.deepEqual(
      thrown.errors.map(({ pointer }) => pointer),
      ['/files/1', '/files/2'],
    )
    return !thrown.retryable
  })
  assert.deepEqual(await readdir(given.folder.path), [])
  assert.deepEqual(
    given.rows.map(({ index, state }) => [index, state]),
    [
      [1, 'failed'],
      [2, 'failed'],
    ],
  )
})

test('limits on a file and on all files are checked before a byte is fetched', async () => {
  await using given = await fixture(new MemoryStore(), { x: bytesFor(1, 100), y: bytesFor(2, 60) })
  const limited = (fileBytes: number, jobBytes: number) =>
    fetchInputs(given.entries, { ...given.options, limits: { fileBytes, jobBytes } })
  await assert.rejects(limited(99, 1000), withCode('FILE_TOO_LARGE'))
  await assert.rejects(limited(100, 159), withCode('JOB_TOO_LARGE'))
  assert.deepEqual(await readdir(given.folder.path), [])
  assert.equal((await limited(100, 160)).length, 2)
})

test('files that do not fit on the disk are refused before a byte is fetched, saying how much is missing', async () => {
  class Vast extends MemoryStore {
    override async head(ref: ObjectRef): Promise<ObjectInfo | undefined> {
      const info = await super.head(ref)
      return info && { ...info, sizeBytes: 2 ** 50 }
    }
  }
  await using given = await fixture(new Vast(), { x: bytesFor(1, 100) })
  const limits = { fileBytes: 2 ** 51, jobBytes: 2 ** 51 }
  await assert.rejects(fetchInputs(given.entries, { ...given.options, limits }), (thrown: unknown) => {
    return withCode('STORAGE_FULL')(thrown) && /need 1125899906842624 bytes, \d+ more than/.test(String(thrown))
  })
})

test('bytes that do not have the digest of the manifest fail for good', async () => {
  await using given = await fixture(new MemoryStore(), { x: bytesFor(1, 100), y: bytesFor(2, 100) })
  const [x, y] = [sha256Of(bytesFor(1, 100)), '0'.repeat(64)]
  const [first] = await fetchInputs([{ uri: 's3://data/x', sha256: x }], given.options)
  assert.equal(first?.sha256, x)
  await assert.rejects(fetchInputs([{ uri: 's3://data/y', sha256: y }], given.options), (thrown: unknown) => {
    return withCode('INPUT_DIGEST_MISMATCH')(thrown) && thrown instanceof LongshoreError && !thrown.retryable
  })
})

test('mode uri asks for every object and fetches none', async () => {
  class Closed extends MemoryStore {
    override async get(): Promise<never> {
      throw new Error('nothing may be read')
    }
  }
  await using given = await fixture(new Closed(), { x: bytesFor(1, 100) })
  const files = await fetchInputs(given.entries, { ...given.options, mode: 'uri' })
  const etag = (await given.options.store.head({ bucket: 'data', key: 'x' }))?.etag
  assert.deepEqual(files, [{ index: 0, uri: 's3://data/x', path: '', sizeBytes: 100, etag, sha256: null }])
  await assert.rejects(
    fetchInputs([{ uri: 's3://data/gone' }], { ...given.options, mode: 'uri' }),
    withCode('INPUT_NOT_FOUND'),
  )
})

test('only the wanted positions are looked for and fetched, under their own index', async () => {
  await using given = await fixture(new MemoryStore(), { x: bytesFor(1, 10), y: bytesFor(2, 20) })
  const entries = [{ uri: 's3://data/gone' }, ...given.entries]
  const files = await fetchInputs(entries, { ...given.options, only: new Set([2]) })
  assert.deepEqual(
    files.map(({ index, uri }) => [index, uri]),
    [[2, 's3://data/y']],
  )
  assert.deepEqual(await fetchInputs(entries, { ...given.options, only: new Set() }), [])
})

test('no more files than the concurrency are under way, and no more after the first failure', async () => {
  let underWay = 0
  let most = 0
  let begun = 0
  class Counting extends MemoryStore {
    override async get(ref: ObjectRef, options: GetOptions = {}): Promise<{ info: ObjectInfo; body: Readable }> {
      begun += 1
      most = Math.max(most, ++underWay)
      const got = await super.get(ref, options)
      got.body.once('close', () => --underWay)
      return got
    }
  }
  const contents = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, bytesFor(index, 5000)]))
  await using given = await fixture(new Counting(), contents)
  await fetchInputs(given.entries, { ...given.options, concurrency: 3 })
  assert.deepEqual([most, begun], [3, 40])
  begun = 0
  const bad = given.entries.map((entry, index) => (index === 0 ? { ...entry, sha256: '0'.repeat(64) } : entry))
  await assert.rejects(fetchInputs(bad, { ...given.options, concurrency: 3 }), withCode('INPUT_DIGEST_MISMATCH'))
  assert.ok(begun <= 6, `${begun} files were begun`)
})

test('an abort ends the fetch with its reason', async () => {
  const stop = new AbortController()
  const reason = new LongshoreError('CANCELLED', 'Cancelled by a person.')
  const store = new BreakingStore(() => {
    stop.abort(reason)
    return 10
  })
  await using given = await fixture(store, { x: bytesFor(1, 100) })
  await assert.rejects(fetchInputs(given.entries, { ...given.options, signal: stop.signal }), reason)
  assert.deepEqual(
    given.rows.map(({ state }) => state),
    ['pending'],
  )
})

test('a disk that fails is told from a store that fails: nothing is tried again', async () => {
  await using given = await fixture(new MemoryStore(), { x: bytesFor(1, 100) })
  const folder = (): string => join(given.folder.path, 'missing\0')
  await assert.rejects(fetchInputs(given.entries, { ...given.options, folder }), withCode('INTERNAL'))
  assert.deepEqual(given.clock.delays, [])
})
