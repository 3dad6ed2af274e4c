import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { openTestOutputs } from '../support/output-fixture.ts'

const withCode = (code: string) => (thrown: unknown) =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

test('bytes, text and streams follow each other, and the buffer may be used again', async () => {
  const { outputs, base, textOf } = openTestOutputs()
  const file = outputs.file('notes/read me.txt')
  const buffer = Buffer.from('one ')
  await file.write(buffer)
  buffer.fill('X')
  await file.write('zwö ')
  await file.pipe(Readable.from(['three ', 'four']))
  assert.equal(await file.close(), `${base}notes/read me.txt`)
  assert.equal(textOf('notes/read me.txt'), 'one zwö three four')
})

test('chunks of any size keep their order, awaited or not', async () => {
  const { outputs, store, base } = openTestOutputs()
  const file = outputs.file('all.bin')
  const chunks = [10, 5_000_000, 1, 300_000, 2_000_000].map((size, index) => Buffer.alloc(size, index + 1))
  for (const chunk of chunks) void file.write(chunk)
  await file.close()
  assert.ok(store.objects.get(`${base}all.bin`)?.equals(Buffer.concat(chunks)))
})

test('a file nothing was written to is empty', async () => {
  const { outputs, textOf } = openTestOutputs()
  await outputs.file('empty').close()
  assert.equal(textOf('empty'), '')
})

test('a source that fails half-way leaves no object', async () => {
  const { outputs, store } = openTestOutputs()
  const file = outputs.file('half.bin')
  const source = Readable.from(
    (function* () {
      yield 'half'
      throw new Error('source broke')
    })(),
  )
  await assert.rejects(file.pipe(source), /source broke/)
  await assert.rejects(outputs.commit(), /source broke/)
  await outputs.discard()
  assert.equal(store.objects.size, 0)
})

test('names that leave the folder, break listings or belong to the service are refused', () => {
  const { outputs } = openTestOutputs()
  const names = [
    '',
    '/etc/passwd',
    '../x',
    'a/../x',
    'a//b',
    'a/',
    '.',
    'a\0b',
    'a\nb',
    'a\\b',
    'x'.repeat(256),
    '\ud800',
  ]
  for (const name of [...names, 'results.json', 'attempt-2/x.txt', 'attempt-2']) {
    assert.throws(() => outputs.file(name), withCode('INVALID_FILENAME'), JSON.stringify(name))
  }
})

test('a name that is taken is refused, whoever took it', async () => {
  const { outputs } = openTestOutputs()
  outputs.file('a.txt')
  assert.throws(() => outputs.file('a.txt'), withCode('UNRECOVERABLE'))
  const rows = outputs.jsonl()
  await rows.write(1)
  await rows.close()
  assert.throws(() => outputs.file('responses_00000.jsonl'), withCode('UNRECOVERABLE'))
})
