import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { SizedBody } from '../../src/storage/sized-body.ts'
import { readAll, someBytes, standingStream } from '../support/bytes.ts'

test('the last announced byte is not handed on before it is certain that no more follow', async () => {
  const received: Buffer[] = []
  let sized = new SizedBody(Buffer.alloc(0))
  const source = await standingStream(Buffer.alloc(10), (stream) => {
    sized = new SizedBody(stream, { sizeBytes: 10 }).on('data', (chunk) => received.push(chunk))
  })
  const failed = once(sized, 'error')
  source.write(Buffer.alloc(1))
  await assert.rejects(Promise.race([failed.then(([failure]) => Promise.reject(failure)), once(sized, 'end')]), {
    code: 'PART_SIZE_MISMATCH',
  })
  assert.deepEqual(received, [])
  source.destroy()
})

test('a body of the announced size arrives whole, whatever its pieces', async () => {
  const bytes = someBytes(1_000_003)
  const source = new PassThrough()
  const reading = readAll(new SizedBody(source, { sizeBytes: bytes.length }))
  for (let start = 0; start < bytes.length; start += 99_991) source.write(bytes.subarray(start, start + 99_991))
  source.end()
  assert.ok(bytes.equals(await reading))
})

test('a body of unknown size is told when it is longer than there is room for', async () => {
  const chunks = [Buffer.alloc(60), Buffer.alloc(40)]
  assert.equal((await readAll(new SizedBody(Readable.from(chunks), { maxBytes: 100 }))).length, 100)
  const tooLong = new SizedBody(Readable.from([...chunks, Buffer.alloc(1)]), { maxBytes: 100 })
  await assert.rejects(readAll(tooLong), {
    code: 'FILE_TOO_LARGE',
    retryable: false,
    message: /100 bytes.*ingest\/start/,
  })
})
