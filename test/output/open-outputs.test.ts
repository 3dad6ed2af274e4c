import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { ResultsIndex } from '../../src/contract/output.ts'
import type { ObjectBody, ObjectInfo, PutOptions } from '../../src/storage/object-store.ts'
import type { ObjectRef } from '../../src/storage/object-uri.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { JOB_ID, openTestOutputs } from '../support/output-fixture.ts'

/** Fails every put after it has read so many bytes of it. */
class FailingStore extends MemoryStore {
  readonly #failure: unknown
  constructor(failure: unknown) {
    super()
    this.#failure = failure
  }
  override async put(_ref: ObjectRef, body: ObjectBody): Promise<ObjectInfo> {
    for await (const _ of body instanceof Uint8Array ? [body] : body) throw this.#failure
    throw this.#failure
  }
}

/** Never reads, and so never finishes, a put until its signal aborts. */
class StandingStore extends MemoryStore {
  override put(_ref: ObjectRef, _body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    return new Promise((_, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true })
    })
  }
}

test('commit closes what is open and answers every object with size, digest and media type', async () => {
  const { outputs, store, base } = openTestOutputs()
  const rows = outputs.jsonl()
  await rows.write({ a: 1 })
  await outputs.webDataset().add('bin', '1', Buffer.from('png'), '.png')
  await outputs.file('plots/overview.svg').write('<svg/>')
  await outputs.writeResultsIndex([await rows.close()], { seconds: 1 })
  const objects = await outputs.commit()
  assert.deepEqual(objects.map(({ uri, mediaType }) => [uri.slice(base.length), mediaType]).sort(), [
    ['artifacts_00000.json', 'application/json'],
    ['artifacts_00000.tar', 'application/x-tar'],
    ['plots/overview.svg', 'image/svg+xml'],
    ['responses_00000.jsonl', 'application/x-ndjson'],
    ['results.json', 'application/json'],
  ])
  for (const { uri, sizeBytes, sha256 } of objects) {
    const bytes = store.objects.get(uri) ?? Buffer.alloc(0)
    assert.equal(sizeBytes, bytes.byteLength)
    assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'))
  }
  assert.equal(objects.length, store.objects.size)
})

test('the results index holds job, outputs and metrics, and a second one replaces it', async () => {
  const { outputs, base, textOf } = openTestOutputs()
  const uri = await outputs.writeResultsIndex([null])
  assert.equal(await outputs.writeResultsIndex([null, await outputs.jsonl().close()], { images: 3 }), uri)
  const index = ResultsIndex.parse(JSON.parse(textOf('results.json') ?? ''))
  assert.equal(uri, `${base}results.json`)
  assert.equal(index.job_id, JOB_ID)
  assert.deepEqual(index.metrics, { images: 3 })
  assert.deepEqual(
    index.outputs.map((output) => output?.name),
    [undefined, 'responses'],
  )
  assert.equal((await outputs.commit()).length, 1)
})

test('a later attempt writes into a folder of its own', () => {
  const { outputs } = openTestOutputs({ attempt: 3 })
  assert.equal(outputs.baseUri, `s3://out/results/${JOB_ID}/attempt-3/`)
})

test('discard drops what is under way and removes what was written', async () => {
  const { outputs, store } = openTestOutputs()
  const rows = outputs.jsonl()
  await rows.write(1)
  await rows.close()
  await outputs.webDataset().add('bin', '1', new Uint8Array(10), '.dat')
  assert.equal(store.objects.size, 1)
  await outputs.discard()
  assert.equal(store.objects.size, 0)
  assert.throws(() => outputs.jsonl({ name: 'late' }).write(1), /discarded/)
  assert.throws(() => outputs.file('late.txt'), /discarded/)
})

test('discard after commit removes the committed objects', async () => {
  const { outputs, store } = openTestOutputs()
  await outputs.file('a.txt').write('a')
  assert.equal((await outputs.commit()).length, 1)
  await outputs.discard()
  assert.equal(store.objects.size, 0)
})

test('discard ends even when the store stands still', async () => {
  const { outputs } = openTestOutputs({ store: new StandingStore() })
  const file = outputs.file('a.bin')
  const waiting = file.write(new Uint8Array(8 * 1024 * 1024))
  await outputs.discard()
  await assert.rejects(waiting, /discarded/)
})

test('an aborted signal makes every write, and a write that waits, throw its reason', async () => {
  const stop = new AbortController()
  const { outputs } = openTestOutputs({ store: new StandingStore(), signal: stop.signal })
  const [rows, tars, file] = [outputs.jsonl(), outputs.webDataset(), outputs.file('a.bin')]
  const waiting = file.write(new Uint8Array(8 * 1024 * 1024))
  const reason = new LongshoreError('CANCELLED', 'Cancelled by a person.')
  stop.abort(reason)
  await assert.rejects(waiting, reason)
  assert.throws(() => rows.write(1), reason)
  assert.throws(() => tars.add('a', 'b', new Uint8Array(1), '.c'), reason)
  assert.throws(() => file.write('x'), reason)
  await assert.rejects(outputs.commit(), reason)
})

test('a failed upload surfaces at the next write and at close, keeps its code, and rejects nothing unheard', async () => {
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  const full = new LongshoreError('STORAGE_FULL', 'The disk is full.')
  const { outputs } = openTestOutputs({ store: new FailingStore(full) })
  const [rows, file] = [outputs.jsonl(), outputs.file('a.bin')]
  void file.write(new Uint8Array(8 * 1024 * 1024))
  await new Promise(setImmediate)
  assert.throws(() => file.write('more'), full)
  assert.throws(() => rows.write(1), full)
  await assert.rejects(rows.close(), full)
  await assert.rejects(file.close(), full)
  await assert.rejects(outputs.commit(), full)
  await new Promise(setImmediate)
  process.off('unhandledRejection', hear)
  assert.deepEqual(unheard, [])
})

test('a writer makes its caller wait while the store is slow', async () => {
  const store = new MemoryStore()
  const gate = Promise.withResolvers<void>()
  const put = store.put.bind(store)
  store.put = async (ref, body, options) => {
    await gate.promise
    return put(ref, body, options)
  }
  const { outputs } = openTestOutputs({ store })
  const file = outputs.file('a.bin')
  let written = 0
  const all = (async () => {
    for (; written < 64; written++) await file.write(new Uint8Array(1024 * 1024))
  })()
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  assert.ok(written <= 4, `${written} MiB were taken without a reader`)
  gate.resolve()
  await all
  await file.close()
})
