import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { readAll, someBytes, standingStream } from '../support/bytes.ts'
import { at, type StoreRule, type StoreUnderTest } from './object-store.ts'

/** S3 takes no smaller parts, but for the last. */
const PART_BYTES = 5 * 1024 * 1024
const SIZES = [PART_BYTES, PART_BYTES, 1000]
const PLAN = { sizeBytes: 2 * PART_BYTES + 1000, partSizeBytes: PART_BYTES }

/** What holds of multipart uploads. */
export const uploadRules: readonly StoreRule[] = [
  { title: 'parts in any order make the object', check: anyOrder },
  { title: 'a repeated part replaces the earlier one', check: repeatedPart },
  { title: 'of one part sent twice at once, one whole copy counts', check: concurrentCopies },
  { title: 'a repeated part that breaks off leaves the one received', check: brokenRepeat },
  { title: 'a part of another size than announced is refused', check: wrongPartSize },
  { title: 'an upload is not completed with a wrong ETag, and the error names the part', check: wrongEtag },
  { title: 'an upload is not completed without all its parts, and the error names one', check: missingPart },
  { title: 'parts must be listed in order', check: wrongOrder },
  { title: 'the same bytes get the same part ETag', check: sameEtag },
  { title: 'received parts are listed by number', check: listing },
  { title: 'completing again answers the object', check: completedTwice },
  { title: 'completing replaces the object that was there', check: replaces },
  { title: 'an aborted upload is gone, and aborting again is no fault', check: aborted },
  { title: 'an upload that was never opened is not found', check: neverOpened },
  { title: 'every upload below a prefix is dropped, and no other', check: abortedBelow },
  { title: 'a signed part URL takes that part from anyone', check: signedPart },
  { title: 'a signed part URL refuses a body of another size', check: signedWrongSize },
]

interface Upload {
  subject: StoreUnderTest
  ref: { bucket: string; key: string }
  id: string
}

async function open(subject: StoreUnderTest, key = 'up/loaded file'): Promise<Upload> {
  const ref = at(subject, key)
  return { subject, ref, id: await subject.store.createUpload(ref, PLAN) }
}

function bytesOf(partNumber: number, seed = partNumber): Buffer {
  return someBytes(SIZES[partNumber - 1] ?? 0, seed)
}

async function send({ subject, ref, id }: Upload, partNumber: number, seed = partNumber) {
  const bytes = bytesOf(partNumber, seed)
  const body = Readable.from([bytes.subarray(0, 100), bytes.subarray(100)])
  const part = await subject.store.uploadPart(ref, id, { partNumber, sizeBytes: bytes.length }, body)
  assert.equal(part.partNumber, partNumber)
  assert.equal(part.sizeBytes, bytes.length)
  return part
}

async function sendAll(upload: Upload) {
  return [await send(upload, 1), await send(upload, 2), await send(upload, 3)]
}

async function assertHolds({ subject, ref }: Upload, seeds: readonly number[]): Promise<void> {
  const expected = Buffer.concat(seeds.map((seed, i) => bytesOf(i + 1, seed)))
  assert.ok(expected.equals(await readAll((await subject.store.get(ref)).body)))
}

async function anyOrder(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const [third, first, second] = [await send(upload, 3), await send(upload, 1), await send(upload, 2)]
  assert.equal(await subject.store.head(upload.ref), undefined)
  const info = await subject.store.completeUpload(upload.ref, upload.id, [first, second, third])
  assert.equal(info.sizeBytes, PLAN.sizeBytes)
  assert.deepEqual(await subject.store.head(upload.ref), info)
  await assertHolds(upload, [1, 2, 3])
}

async function repeatedPart(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts = await sendAll(upload)
  for (const seed of [8, 9]) parts[1] = await send(upload, 2, seed)
  parts[2] = await send(upload, 3)
  await subject.store.completeUpload(upload.ref, upload.id, parts)
  await assertHolds(upload, [1, 9, 3])
}

async function concurrentCopies(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  await Promise.all([7, 8, 9].flatMap((seed) => [send(upload, 2, seed), send(upload, 1), send(upload, 3)]))
  const parts = await subject.store.listParts(upload.ref, upload.id)
  await subject.store.completeUpload(upload.ref, upload.id, parts)
  const whole = await readAll((await subject.store.get(upload.ref)).body)
  const middle = whole.subarray(PART_BYTES, 2 * PART_BYTES)
  assert.ok([7, 8, 9].some((seed) => middle.equals(bytesOf(2, seed))))
}

async function brokenRepeat(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts = await sendAll(upload)
  const abort = new AbortController()
  const reason = new Error('enough')
  const target = { partNumber: 2, sizeBytes: PART_BYTES }
  let sending: Promise<unknown> = Promise.resolve()
  const body = await standingStream(someBytes(PART_BYTES / 2, 99), (stream) => {
    sending = subject.store.uploadPart(upload.ref, upload.id, target, stream, abort.signal)
    sending.catch(() => {})
  })
  abort.abort(reason)
  await assert.rejects(sending, reason)
  body.destroy()
  await subject.store.completeUpload(upload.ref, upload.id, parts)
  await assertHolds(upload, [1, 2, 3])
}

async function wrongPartSize(subject: StoreUnderTest): Promise<void> {
  const { ref, id } = await open(subject)
  const target = { partNumber: 3, sizeBytes: 1000 }
  for (const pieces of [[999], [1000, 1], [2000]]) {
    const body = Readable.from(pieces.map((length) => Buffer.alloc(length)))
    await assert.rejects(subject.store.uploadPart(ref, id, target, body), { code: 'PART_SIZE_MISMATCH' })
  }
  assert.deepEqual(await subject.store.listParts(ref, id), [])
}

async function wrongEtag(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts = await sendAll(upload)
  const wrong = parts.map((part) => (part.partNumber === 2 ? { ...part, etag: '"0123456789abcdef"' } : part))
  await assert.rejects(subject.store.completeUpload(upload.ref, upload.id, wrong), namesPart(2))
  assert.equal(await subject.store.head(upload.ref), undefined)
  const bare = parts.map(({ partNumber, etag }) => ({ partNumber, etag: etag.replaceAll('"', '') }))
  await subject.store.completeUpload(upload.ref, upload.id, bare)
  await assertHolds(upload, [1, 2, 3])
}

async function missingPart(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const [first, third] = [await send(upload, 1), await send(upload, 3)]
  const invented = { partNumber: 2, etag: '"0123456789abcdef"' }
  const { store } = subject
  await assert.rejects(store.completeUpload(upload.ref, upload.id, [first, invented, third]), namesPart(2))
  await assert.rejects(store.completeUpload(upload.ref, upload.id, [first, third]), namesPart(2))
  await assert.rejects(store.completeUpload(upload.ref, upload.id, []), namesPart(1))
  assert.equal(await store.head(upload.ref), undefined)
}

async function wrongOrder(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts = await sendAll(upload)
  await assert.rejects(subject.store.completeUpload(upload.ref, upload.id, parts.toReversed()), namesPart(1))
  await assert.rejects(
    subject.store.completeUpload(upload.ref, upload.id, [...parts.slice(0, 1), ...parts]),
    namesPart(2),
  )
}

async function sameEtag(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const first = await send(upload, 3, 5)
  assert.equal((await send(upload, 3, 5)).etag, first.etag)
  assert.notEqual((await send(upload, 3, 6)).etag, first.etag)
}

async function listing(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const [third, first] = [await send(upload, 3), await send(upload, 1)]
  assert.deepEqual(await subject.store.listParts(upload.ref, upload.id), [first, third])
}

async function completedTwice(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts = await sendAll(upload)
  const complete = () => subject.store.completeUpload(upload.ref, upload.id, parts)
  const first = await complete()
  assert.deepEqual(await complete(), first)
  await assertHolds(upload, [1, 2, 3])
}

async function replaces(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  await subject.store.put(upload.ref, Buffer.from('before'))
  const parts = await sendAll(upload)
  assert.equal((await subject.store.head(upload.ref))?.sizeBytes, 6)
  await subject.store.completeUpload(upload.ref, upload.id, parts)
  await assertHolds(upload, [1, 2, 3])
}

async function aborted(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts = await sendAll(upload)
  for (let time = 1; time <= 2; time += 1) await subject.store.abortUpload(upload.ref, upload.id)
  await assertGone(upload, parts)
}

async function abortedBelow(subject: StoreUnderTest): Promise<void> {
  const { store, bucket } = subject
  const dropped = [
    await open(subject, 'ab/c d+é/1'),
    await open(subject, 'ab/c d+é/1'),
    await open(subject, 'ab/c d+é/2/3'),
  ]
  const kept = [await open(subject, 'ab/c d+é'), await open(subject, 'ab/other'), await open(subject, 'ab')]
  await send(dropped[0] ?? assert.fail(), 3)
  for (let time = 1; time <= 2; time += 1) await store.abortUploads(bucket, 'ab/c d+é/')
  for (const { ref, id } of dropped) await assert.rejects(store.listParts(ref, id), { code: 'UPLOAD_NOT_FOUND' })
  for (const { ref, id } of kept) assert.deepEqual(await store.listParts(ref, id), [])
}

async function neverOpened(subject: StoreUnderTest): Promise<void> {
  const id = '00000000-0000-4000-8000-000000000000'
  const upload = { subject, ref: at(subject, 'never'), id }
  await assertGone(upload, [{ partNumber: 1, etag: '"0123456789abcdef"' }])
  await subject.store.abortUpload(upload.ref, id)
}

async function assertGone({ subject, ref, id }: Upload, parts: { partNumber: number; etag: string }[]): Promise<void> {
  const gone = { code: 'UPLOAD_NOT_FOUND' }
  const part = { partNumber: 1, sizeBytes: 3 }
  await assert.rejects(subject.store.listParts(ref, id), gone)
  await assert.rejects(subject.store.uploadPart(ref, id, part, Buffer.from('abc')), gone)
  await assert.rejects(subject.store.completeUpload(ref, id, parts), gone)
  assert.equal(await subject.store.head(ref), undefined)
}

async function signedPart(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  const parts: { partNumber: number; etag: string }[] = []
  for (const partNumber of [1, 2, 3]) {
    const response = await putSigned(upload, partNumber, bytesOf(partNumber))
    assert.equal(response.status, 200, await response.text())
    parts.push({ partNumber, etag: response.headers.get('etag') ?? '' })
  }
  await subject.store.completeUpload(upload.ref, upload.id, parts)
  await assertHolds(upload, [1, 2, 3])
}

async function signedWrongSize(subject: StoreUnderTest): Promise<void> {
  const upload = await open(subject)
  for (const length of [999, 1001]) {
    const response = await putSigned(upload, 3, Buffer.alloc(length))
    assert.ok(response.status >= 400 && response.status < 500, `${length} bytes were answered with ${response.status}`)
  }
  assert.deepEqual(await subject.store.listParts(upload.ref, upload.id), [])
}

async function putSigned({ subject, ref, id }: Upload, partNumber: number, body: Buffer): Promise<Response> {
  const part = { partNumber, sizeBytes: SIZES[partNumber - 1] ?? 0 }
  const url = subject.absolute(await subject.store.signPart(ref, id, part, Date.now() + 60_000))
  return fetch(url, { method: 'PUT', body: new Uint8Array(body) })
}

function namesPart(partNumber: number): object {
  return { code: 'PARTS_MISMATCH', message: new RegExp(`Part ${partNumber}\\b|part ${partNumber}\\b`) }
}
