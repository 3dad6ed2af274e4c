import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import type { ObjectBody } from '../../src/storage/object-store.ts'
import { inPieces, readAll, someBytes, standingStream } from '../support/bytes.ts'
import { at, type StoreRule, type StoreUnderTest } from './object-store.ts'

const MIB = 1024 * 1024

/** What holds of objects put and read whole. */
export const objectRules: readonly StoreRule[] = [
  { title: 'a put object comes back byte for byte with what is known of it', check: comesBack },
  { title: 'an empty object is an object', check: emptyObject },
  { title: 'a stream of unknown size is stored whole', check: unknownSize },
  { title: 'a body of another size than announced is refused and changes nothing', check: otherSize },
  { title: 'a put aborted halfway throws the reason and changes nothing', check: abortedPut },
  { title: 'a body that breaks off is thrown as it broke and changes nothing', check: brokenBody },
  { title: 'the stream of a refused body is left to its owner', check: streamIsLeft },
  { title: 'the later of two puts counts, with another ETag', check: overwritten },
  { title: 'an open reader of an overwritten object reads the one it opened', check: overwrittenWhileRead },
  { title: 'a range holds both its ends and is cut at the end of the object', check: ranges },
  { title: 'a range beyond the end is not satisfiable', check: rangeBeyond },
  { title: 'a reader that expects another ETag is told that the object has changed', check: otherEtag },
  { title: 'an aborted read fails with the reason', check: abortedRead },
  { title: 'an object that is not there is not found', check: notThere },
  { title: 'deleting takes what is there and passes over what is not', check: deleting },
  { title: 'a signed URL serves the object to anyone, a range too', check: signedGet },
]

async function comesBack(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'folder/plain.json')
  const bytes = someBytes(300_000)
  const put = await subject.store.put(ref, bytes)
  const { info, body } = await subject.store.get(ref)
  assert.deepEqual(await readAll(body), bytes)
  assert.deepEqual(info, await subject.store.head(ref))
  assert.equal(info.sizeBytes, bytes.length)
  assert.equal(info.contentType, 'application/json')
  assert.equal(info.etag, put.etag)
  assert.match(info.etag, /^".+"$/)
  assert.ok(Math.abs(info.modifiedAt - Date.now()) < 60_000)
}

async function emptyObject(subject: StoreUnderTest): Promise<void> {
  for (const [i, body] of [Buffer.alloc(0), Readable.from([])].entries()) {
    const ref = at(subject, `empty-${i}`)
    assert.equal((await subject.store.put(ref, body)).sizeBytes, 0)
    assert.equal((await subject.store.head(ref))?.sizeBytes, 0)
    assert.equal((await readAll((await subject.store.get(ref)).body)).length, 0)
    await assert.rejects(subject.store.get(ref, { range: { start: 0 } }), { code: 'RANGE_NOT_SATISFIABLE' })
  }
}

async function unknownSize(subject: StoreUnderTest): Promise<void> {
  const bytes = someBytes(20 * MIB + 77)
  for (const body of [Readable.from(inPieces(bytes), { objectMode: false }), inPieces(bytes), bytes]) {
    const ref = at(subject, 'stream')
    assert.equal((await subject.store.put(ref, body)).sizeBytes, bytes.length)
    const { body: stored } = await subject.store.get(ref)
    assert.ok(bytes.equals(await readAll(stored)))
  }
}

async function otherSize(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'sized')
  await subject.store.put(ref, Buffer.from('before'))
  for (const sizeBytes of [0, 9, 11, 20 * MIB]) {
    const bodies: ObjectBody[] = [Buffer.alloc(10), Readable.from([Buffer.alloc(9), Buffer.alloc(1)])]
    for (const body of bodies) {
      await assert.rejects(subject.store.put(ref, body, { sizeBytes }), { code: 'PART_SIZE_MISMATCH' })
    }
  }
  await assertBefore(subject, 'sized')
  await subject.store.put(ref, Readable.from([Buffer.alloc(10)]), { sizeBytes: 10 })
  assert.equal((await subject.store.head(ref))?.sizeBytes, 10)
}

async function abortedPut(subject: StoreUnderTest): Promise<void> {
  await subject.store.put(at(subject, 'aborted'), Buffer.from('before'))
  const abort = new AbortController()
  const reason = new Error('enough')
  let putting: Promise<unknown> = Promise.resolve()
  const body = await standingStream(someBytes(9 * MIB), (stream) => {
    putting = subject.store.put(at(subject, 'aborted'), stream, { signal: abort.signal })
    putting.catch(() => {})
  })
  abort.abort(reason)
  await assert.rejects(putting, reason)
  body.destroy()
  await assertBefore(subject, 'aborted')
  await assert.rejects(subject.store.put(at(subject, 'aborted'), Buffer.from('x'), { signal: abort.signal }), reason)
  await assertBefore(subject, 'aborted')
}

async function brokenBody(subject: StoreUnderTest): Promise<void> {
  await subject.store.put(at(subject, 'broken'), Buffer.from('before'))
  const reason = new Error('the line went dead')
  const body = new PassThrough()
  const putting = subject.store.put(at(subject, 'broken'), body)
  body.write(someBytes(1000))
  body.destroy(reason)
  await assert.rejects(putting, reason)
  await assertBefore(subject, 'broken')
}

async function streamIsLeft(subject: StoreUnderTest): Promise<void> {
  const body = new PassThrough()
  const putting = subject.store.put(at(subject, 'refused'), body, { sizeBytes: 10 })
  body.write(Buffer.alloc(11))
  await assert.rejects(putting, { code: 'PART_SIZE_MISMATCH' })
  assert.equal(body.destroyed, false)
  body.destroy()
}

async function overwritten(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'twice')
  const first = await subject.store.put(ref, Buffer.from('one'))
  const second = await subject.store.put(ref, Buffer.from('two'))
  assert.notEqual(first.etag, second.etag)
  assert.equal((await subject.store.head(ref))?.etag, second.etag)
  assert.equal(String(await readAll((await subject.store.get(ref)).body)), 'two')
}

async function overwrittenWhileRead(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'read')
  const bytes = someBytes(8 * MIB)
  await subject.store.put(ref, bytes)
  const { body } = await subject.store.get(ref)
  await subject.store.put(ref, someBytes(8 * MIB, 2))
  assert.ok(bytes.equals(await readAll(body)))
  const { body: later } = await subject.store.get(ref)
  await subject.store.delete([ref])
  assert.ok(someBytes(8 * MIB, 2).equals(await readAll(later)))
}

async function ranges(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'ranged')
  const bytes = someBytes(200_000)
  const { etag } = await subject.store.put(ref, bytes)
  const cases = [
    { range: { start: 0, end: 0 }, expected: bytes.subarray(0, 1) },
    { range: { start: 10, end: 150_000 }, expected: bytes.subarray(10, 150_001) },
    { range: { start: 199_999 }, expected: bytes.subarray(199_999) },
    { range: { start: 0 }, expected: bytes },
    { range: { start: 100_000, end: 300_000 }, expected: bytes.subarray(100_000) },
  ]
  for (const { range, expected } of cases) {
    const { info, body } = await subject.store.get(ref, { range, ifMatch: etag })
    assert.ok(expected.equals(await readAll(body)), JSON.stringify(range))
    assert.equal(info.sizeBytes, bytes.length)
    assert.equal(info.etag, etag)
  }
}

async function rangeBeyond(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'ranged')
  await subject.store.put(ref, Buffer.alloc(100))
  for (const range of [{ start: 100 }, { start: 100, end: 200 }, { start: 5, end: 4 }]) {
    await assert.rejects(subject.store.get(ref, { range }), { code: 'RANGE_NOT_SATISFIABLE' })
  }
}

async function otherEtag(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'matched')
  const { etag } = await subject.store.put(ref, Buffer.from('one'))
  assert.equal(String(await readAll((await subject.store.get(ref, { ifMatch: etag })).body)), 'one')
  await subject.store.put(ref, Buffer.from('two'))
  await assert.rejects(subject.store.get(ref, { ifMatch: etag }), { code: 'PRECONDITION_FAILED' })
}

async function abortedRead(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'large')
  await subject.store.put(ref, Buffer.alloc(16 * MIB))
  const abort = new AbortController()
  const reason = new Error('enough')
  const { body } = await subject.store.get(ref, { signal: abort.signal })
  abort.abort(reason)
  await assert.rejects(readAll(body), reason)
  await assert.rejects(subject.store.get(ref, { signal: abort.signal }), reason)
}

async function notThere(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'nothing/here')
  assert.equal(await subject.store.head(ref), undefined)
  await assert.rejects(subject.store.get(ref), { code: 'OBJECT_NOT_FOUND' })
  await assert.rejects(subject.store.get(ref, { range: { start: 1 } }), { code: 'OBJECT_NOT_FOUND' })
  await assert.rejects(subject.store.get({ bucket: 'no-such-bucket-here', key: 'x' }), { code: 'OBJECT_NOT_FOUND' })
}

async function deleting(subject: StoreUnderTest): Promise<void> {
  const refs = ['d/1', 'd/2', 'd/3'].map((key) => at(subject, key))
  for (const ref of refs) await subject.store.put(ref, Buffer.from('x'))
  await subject.store.delete(refs.slice(0, 2))
  await subject.store.delete([...refs.slice(0, 2), at(subject, 'never/was')])
  await subject.store.delete([])
  const there = await Promise.all(refs.map((ref) => subject.store.head(ref)))
  assert.deepEqual(
    there.map((info) => info?.sizeBytes),
    [undefined, undefined, 1],
  )
}

async function signedGet(subject: StoreUnderTest): Promise<void> {
  const ref = at(subject, 'some folder/shown.txt')
  await subject.store.put(ref, Buffer.from('0123456789'))
  const url = subject.absolute(await subject.store.signGet(ref, Date.now() + 60_000))
  const whole = await fetch(url)
  assert.equal(whole.status, 200)
  assert.equal(await whole.text(), '0123456789')
  const part = await fetch(url, { headers: { range: 'bytes=2-4' } })
  assert.equal(part.status, 206)
  assert.equal(await part.text(), '234')
}

async function assertBefore(subject: StoreUnderTest, key: string): Promise<void> {
  const { body } = await subject.store.get(at(subject, key))
  assert.equal(String(await readAll(body)), 'before')
}
