import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { z } from 'zod'
import { openTestOutputs } from '../support/output-fixture.ts'

const withCode = (code: string) => (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

test('records become lines of one object and the dictionary tells of them', async () => {
  const { outputs, base, textOf } = openTestOutputs()
  const writer = outputs.jsonl({ responseModel: 'Feature' })
  await writer.write({ roi: 1, text: 'a\nb' })
  await writer.write('second')
  assert.deepEqual(await writer.close(), {
    name: 'responses',
    type: 'tabular',
    format: 'jsonl',
    uris: [`${base}responses_00000.jsonl`],
    shards: [],
    metadata: { records_emitted: 2, file_count: 1, response_model: 'Feature' },
  })
  assert.equal(textOf('responses_00000.jsonl'), '{"roi":1,"text":"a\\nb"}\n"second"\n')
})

test('a writer without records leaves no object behind', async () => {
  const { outputs, store } = openTestOutputs()
  const { uris, metadata } = await outputs.jsonl().close()
  assert.deepEqual({ uris, metadata }, { uris: [], metadata: { records_emitted: 0, file_count: 0 } })
  assert.equal(store.objects.size, 0)
})

test('an object is full with the record that brings it to the chunk size, whatever the records', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 300 }),
      async (records, chunkSizeBytes) => {
        const { outputs, store } = openTestOutputs({ chunkSizeBytes })
        const writer = outputs.jsonl()
        await writer.writeAll(records)
        const { uris, metadata } = await writer.close()
        const texts = uris.map((uri) => store.objects.get(uri)?.toString() ?? '')
        assert.equal(texts.join(''), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
        assert.equal(metadata.records_emitted, records.length)
        for (const [index, text] of texts.entries()) {
          const lastLine = text.slice(text.lastIndexOf('\n', text.length - 2) + 1)
          assert.ok(Buffer.byteLength(text) - Buffer.byteLength(lastLine) < chunkSizeBytes)
          if (index < texts.length - 1) assert.ok(Buffer.byteLength(text) >= chunkSizeBytes)
        }
      },
    ),
    { numRuns: 50 },
  )
})

test('compressed objects carry the suffix and give the same lines', async () => {
  const { outputs, store, base } = openTestOutputs()
  const records = Array.from({ length: 5000 }, (_, index) => ({ index, note: 'x'.repeat(100) }))
  const [gzip, zstd] = [
    outputs.jsonl({ name: 'a', compression: 'gzip' }),
    outputs.jsonl({ name: 'b', compression: 'zstd' }),
  ]
  await gzip.writeAll(records)
  await zstd.writeAll(records)
  const objects = await outputs.commit()
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const bytesOf = (name: string): Buffer => store.objects.get(base + name) ?? Buffer.alloc(0)
  assert.equal(gunzipSync(bytesOf('a_00000.jsonl.gz')).toString(), text)
  assert.equal(zstdDecompressSync(bytesOf('b_00000.jsonl.zst')).toString(), text)
  assert.deepEqual(
    objects.map(({ mediaType }) => mediaType),
    ['application/gzip', 'application/zstd'],
  )
})

test('a record that does not match the schema throws the path of the fault and the writer goes on', async () => {
  const { outputs, textOf } = openTestOutputs()
  const writer = outputs.jsonl({ schema: z.object({ box: z.object({ width: z.number() }) }) })
  await writer.write({ box: { width: 1 } })
  assert.throws(
    // @ts-expect-error the schema's type says so too
    () => writer.write({ box: { width: 'wide' } }),
    (thrown: unknown) => withCode('RESULT_INVALID')(thrown) && /Record 1 .*\/box\/width/.test(String(thrown)),
  )
  await writer.write({ box: { width: 2 } })
  await writer.close()
  assert.equal(textOf('responses_00000.jsonl'), '{"box":{"width":1}}\n{"box":{"width":2}}\n')
})

test('what is not JSON is no record', () => {
  const writer = openTestOutputs().outputs.jsonl()
  assert.throws(() => writer.write(undefined), withCode('RESULT_INVALID'))
  assert.throws(() => writer.write(() => {}), withCode('RESULT_INVALID'))
  assert.throws(() => writer.write(1n), withCode('RESULT_INVALID'))
})

test('a source that fails half-way fails the writer, as records would be missing', async () => {
  const { outputs } = openTestOutputs()
  const writer = outputs.jsonl()
  async function* broken(): AsyncGenerator<number> {
    yield 1
    throw new Error('source broke')
  }
  await assert.rejects(writer.writeAll(broken()), /source broke/)
  await assert.rejects(writer.close(), /source broke/)
  await assert.rejects(outputs.commit(), /source broke/)
})

test('two writers of one name are refused, and names that could leave the folder', () => {
  const { outputs } = openTestOutputs()
  outputs.jsonl({ name: 'features' })
  assert.throws(() => outputs.jsonl({ name: 'features' }), withCode('UNRECOVERABLE'))
  assert.throws(() => outputs.jsonl({ name: '../features' }), withCode('INVALID_FILENAME'))
})

test('a closed writer takes no record and closes once', async () => {
  const writer = openTestOutputs().outputs.jsonl()
  await writer.write(1)
  assert.equal(await writer.close(), await writer.close())
  assert.throws(() => writer.write(2), withCode('UNRECOVERABLE'))
})
