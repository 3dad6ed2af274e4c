import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { JobClient, UploadError, type UploadProgress, type UploadSource } from '@longshore/client'
import { fileAt, JobClient as NodeClient } from '@longshore/client/node'
import { tempFolder } from '../support/temp-folder.ts'
import { ingestService, JOB_ID } from './ingest-service.ts'
import { rejects } from './rejects.ts'
import { type Answer, type Received, tinyServer } from './tiny-server.ts'

const QUICK = { baseMs: 1, capMs: 1 }

const FILES = [
  { name: 'a.txt', data: new Blob(['abcdefghij']) },
  { name: 'b.txt', data: new Blob(['xyz']) },
]

const TEXTS = { 'a.txt': 'abcdefghij', 'b.txt': 'xyz' }

const MD5 = { etagOf: (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"` }

/** What the service answers to a start, as far as it matters here. */
type Started = { files: object[] }

describe('an upload', () => {
  test('sends each part once, completes each file with its quoted ETags in order, and answers the job', async () => {
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    const jobId = await new JobClient({ url: server.url }).uploadFiles(FILES, { job: { priority: 5 } })
    assert.equal(jobId, JOB_ID)
    assert.equal(service.started[0]?.priority, 5)
    assert.deepEqual(service.files(), TEXTS)
    assert.equal(partsSent(server.received), 4)
    assert.deepEqual(
      service.completed.find(({ file_id }) => file_id === 'a.txt')?.parts,
      [1, 2, 3].map((PartNumber) => ({ PartNumber, ETag: `"a.txt-${PartNumber}"` })),
    )
  })

  test('says how many bytes and files have arrived, up to all of them', async () => {
    await using server = await tinyServer(ingestService().answer)
    const seen: UploadProgress[] = []
    await new JobClient({ url: server.url }).uploadFiles(FILES, { onProgress: (progress) => seen.push(progress) })
    assert.deepEqual(seen[0], { sentBytes: 0, totalBytes: 13, sentFiles: 0, totalFiles: 2 })
    assert.deepEqual(seen.at(-1), { sentBytes: 13, totalBytes: 13, sentFiles: 2, totalFiles: 2 })
    assert.ok(seen.every(({ sentBytes }, i) => sentBytes >= (seen[i - 1]?.sentBytes ?? 0)))
  })

  test('never has more parts under way than its bound', async () => {
    let now = 0
    let most = 0
    const service = ingestService()
    await using server = await tinyServer(async (request) => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now -= 1
      return service.answer(request)
    })
    const files = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.txt`, data: new Blob(['abcdefgh']) }))
    await new JobClient({ url: server.url }).uploadFiles(files, { concurrency: 3 })
    assert.ok(most > 1 && most <= 3, `${most} at once`)
  })

  test('with a bound below one is refused before anything is asked of the service', async () => {
    await using server = await tinyServer(ingestService().answer)
    const uploading = new JobClient({ url: server.url }).uploadFiles(FILES, { concurrency: 0 })
    await assert.rejects(uploading, /^TypeError: Expected concurrency to be an integer from 1, got 0$/)
    assert.deepEqual(server.received, [])
  })

  test('of something that is no source is refused with what is expected, before anything is asked of the service', async () => {
    await using server = await tinyServer(ingestService().answer)
    const { uploadFiles } = JobClient.prototype
    for (const [source, got] of [
      ['a.txt', 'string'],
      [null, 'an object of nothing'],
      [{ name: 'a.txt', data: 'text' }, 'an object of name, data'],
    ] as const) {
      const uploading = Reflect.apply(uploadFiles, new JobClient({ url: server.url }), [[source]])
      await assert.rejects(uploading, new RegExp(`^TypeError: Expected each file to be a File, .*; got ${got}\\.`))
    }
    assert.deepEqual(server.received, [])
  })

  for (const [what, mutilate] of [
    ['says nothing of a file', () => ({ files: [] })],
    ['answers other files than were announced', ({ files }: Started) => ({ files: files.toReversed() })],
    ['gives no URL for a part', ({ files }: Started) => ({ files: files.map((file) => ({ ...file, part_urls: [] })) })],
    [
      'cuts files into parts of nothing',
      ({ files }: Started) => ({ files: files.map((file) => ({ ...file, part_size_bytes: 0 })) }),
    ],
  ] as const) {
    test(`to a service that ${what} fails, and sends nothing`, async () => {
      const service = ingestService()
      await using server = await tinyServer((request) => {
        const answer = service.answer(request)
        if (request.path !== '/ingest/start') return answer
        const body = answer.body as Started
        return { ...answer, body: { ...body, ...mutilate(body) } }
      })
      await rejects(new JobClient({ url: server.url }).uploadFiles(FILES), {
        name: 'UploadError',
        code: 'UNEXPECTED_ANSWER',
      })
      assert.equal(partsSent(server.received), 0)
    })
  }

  test('announces names, sizes, media types and the digests it is given or asked for', async () => {
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    const sha256 = createHash('sha256').update('xyz').digest('hex')
    const files: UploadSource[] = [
      new File(['{}'], 'a.json', { type: 'application/json' }),
      { name: 'b.txt', data: new Blob(['xyz']), sha256: sha256.toUpperCase(), contentType: 'text/x-b' },
    ]
    const client = new JobClient({ url: server.url })
    await client.uploadFiles(files)
    await client.uploadFiles(files, { sha256: true })
    assert.deepEqual(
      service.started.map((start) => start.files),
      [undefined, createHash('sha256').update('{}').digest('hex')].map((digest) => [
        { filename: 'a.json', size_bytes: 2, content_type: 'application/json', ...(digest && { sha256: digest }) },
        { filename: 'b.txt', size_bytes: 3, content_type: 'text/x-b', sha256 },
      ]),
    )
  })

  test('carries the key to the service but not with part URLs', async () => {
    await using server = await tinyServer(ingestService().answer)
    await new JobClient({ url: server.url, apiKey: 'a-key-of-16-chars' }).uploadFiles(FILES)
    for (const { method, headers } of server.received) assert.equal('authorization' in headers, method !== 'PUT')
  })
})

describe('an upload over a bad network', () => {
  test('sends a part again after a broken connection', async () => {
    const service = ingestService()
    let broken = 0
    await using server = await tinyServer((request) =>
      request.method === 'PUT' && broken++ === 0 ? { cut: true } : service.answer(request),
    )
    await new JobClient({ url: server.url, retry: QUICK }).uploadFiles(FILES)
    assert.equal(broken, 5)
    assert.deepEqual(service.files(), TEXTS)
  })

  test('makes a try again that stands still longer than its limit', async () => {
    const service = ingestService()
    const hold = Promise.withResolvers<Answer>()
    const held = new Set<string>()
    await using server = await tinyServer((request) => {
      const step = request.method === 'PUT' ? 'part' : request.path
      if (held.has(step)) return service.answer(request)
      held.add(step)
      return hold.promise
    })
    const retry = { ...QUICK, tryMs: 50 }
    // Opening a file may take longer than a part.
    await new JobClient({ url: server.url, retry }).uploadFiles(FILES)
    assert.deepEqual([...held], ['/ingest/start', 'part', '/ingest/complete'])
    assert.deepEqual(service.files(), TEXTS)
    hold.resolve({})
  })

  test('is one upload when the answers to its start and its end are lost', async () => {
    const service = ingestService()
    const lost = new Set(['/ingest/start', '/ingest/complete'])
    await using server = await tinyServer((request) => {
      const answer = service.answer(request)
      return lost.delete(request.path) ? { cut: true } : answer
    })
    await new JobClient({ url: server.url, retry: QUICK }).uploadFiles(FILES)
    assert.equal(service.started.length, 1)
    assert.deepEqual(service.files(), TEXTS)
  })

  test('asks once for another URL when one is refused, and for the rest of its file with it', async () => {
    const service = ingestService()
    await using server = await tinyServer((request) =>
      request.method === 'PUT' && !request.path.includes('fresh') ? { status: 403 } : service.answer(request),
    )
    await new JobClient({ url: server.url }).uploadFiles(FILES, { concurrency: 1 })
    assert.deepEqual(service.files(), TEXTS)
    assert.equal(service.renewals(), 2)
  })

  test('asks once for other URLs when those of several parts are refused together', async () => {
    const service = ingestService()
    let refused = 0
    const together = Promise.withResolvers<void>()
    await using server = await tinyServer(async (request) => {
      if (request.method !== 'PUT' || request.path.includes('fresh')) return service.answer(request)
      if (++refused === 3) together.resolve()
      await together.promise
      return { status: 403 }
    })
    await new JobClient({ url: server.url }).uploadFiles(FILES.slice(0, 1), { concurrency: 3 })
    assert.deepEqual([refused, service.renewals(), service.files()], [3, 1, { 'a.txt': TEXTS['a.txt'] }])
  })

  test('renews URLs when half their life is over, so that the service does not drop it', async (t) => {
    const service = ingestService({ lastsMs: 60_000 })
    let now = 0
    t.mock.method(performance, 'now', () => now)
    await using server = await tinyServer((request) => {
      if (request.method === 'PUT') now += 20_000
      return service.answer(request)
    })
    const file = { name: 'a.txt', data: new Blob(['abcdefghijklmnopqrstuvwx']) }
    await new JobClient({ url: server.url }).uploadFiles([file], { concurrency: 1 })
    const urls = server.received.filter(({ method }) => method === 'PUT').map(({ path }) => path.split('?')[1] ?? '')
    assert.deepEqual(urls, ['', '', 'fresh=1', 'fresh=1', 'fresh=2', 'fresh=2'])
    assert.equal(service.renewals(), 3, 'and before the file is completed')
  })

  test('stops at the first part that is refused, says which file it was, and sends nothing more', async () => {
    const service = ingestService()
    await using server = await tinyServer((request) =>
      request.method === 'PUT' ? { status: 403, body: 'no' } : service.answer(request),
    )
    const client = new JobClient({ url: server.url })
    const many = Array.from({ length: 50 }, (_, i) => ({ name: `${i}.txt`, data: new Blob(['abcdefgh']) }))
    const failure = await client.uploadFiles(many, { concurrency: 2 }).catch((thrown: unknown) => thrown)
    assert.ok(failure instanceof UploadError, String(failure))
    const { code, jobId, filename, retryable, message } = failure
    assert.deepEqual({ code, jobId, retryable }, { code: 'HTTP_403', jobId: JOB_ID, retryable: false })
    assert.match(filename ?? '', /^[01]\.txt$/)
    assert.match(message, /^"[01]\.txt" could not be uploaded: The answer was HTTP 403/)
    assert.ok(partsSent(server.received) <= 4, `${partsSent(server.received)} parts`)
    assert.deepEqual(service.completed, [])
    assert.equal(service.aborts(), 0, 'it stays open for resume')
  })

  test('that takes longer than its time stays open for resume, and can be tried again', async () => {
    const service = ingestService()
    const hold = Promise.withResolvers<Answer>()
    await using server = await tinyServer((request) =>
      request.method === 'PUT' ? hold.promise : service.answer(request),
    )
    const failure = await new JobClient({ url: server.url })
      .uploadFiles(FILES, { timeoutMs: 100 })
      .catch((thrown: unknown) => thrown)
    assert.ok(failure instanceof UploadError, String(failure))
    const { code, jobId, retryable } = failure
    assert.deepEqual({ code, jobId, retryable }, { code: 'TIMED_OUT', jobId: JOB_ID, retryable: true })
    assert.equal(service.aborts(), 0)
    hold.resolve({})
  })
})

describe('an aborted upload', () => {
  /** Aborts when the service is asked for something of that kind. */
  async function abortAt(isIt: (request: Received) => boolean, onAbort?: 'discard' | 'keep') {
    const stop = new AbortController()
    const service = ingestService()
    await using server = await tinyServer((request) => {
      const answer = service.answer(request)
      if (isIt(request) && !stop.signal.aborted) {
        stop.abort(new Error('changed my mind'))
        return { cut: true }
      }
      return answer
    })
    const client = new JobClient({ url: server.url, retry: QUICK })
    const uploading = client.uploadFiles(FILES, { signal: stop.signal, ...(onAbort && { onAbort }) })
    await assert.rejects(uploading, /^Error: changed my mind$/)
    return service
  }

  test('ends with the reason of its signal and leaves nothing on the service', async () => {
    const service = await abortAt(({ method }) => method === 'PUT')
    assert.deepEqual([service.completed, service.aborts()], [[], 1])
  })

  test('leaves nothing even when the answer that told its id was lost', async () => {
    const service = await abortAt(({ path }) => path === '/ingest/start')
    assert.deepEqual([service.started.length, service.aborts()], [1, 1])
  })

  test('stays open on the service when it is to be kept', async () => {
    const service = await abortAt(({ method }) => method === 'PUT', 'keep')
    assert.equal(service.aborts(), 0)
  })

  test('asks nothing of the service when it was aborted before', async () => {
    await using server = await tinyServer(ingestService().answer)
    const signal = AbortSignal.abort(new Error('never mind'))
    await assert.rejects(new JobClient({ url: server.url }).uploadFiles(FILES, { signal }), /never mind/)
    assert.deepEqual(server.received, [])
  })

  test('does not wait for a source that stands still', async () => {
    const stop = new AbortController()
    await using server = await tinyServer(ingestService().answer)
    const stream = new ReadableStream<Uint8Array>({ pull: () => stop.abort(new Error('enough')) })
    const uploading = new JobClient({ url: server.url }).uploadFiles([{ name: 's', size: 9, stream }], stop)
    await assert.rejects(uploading, /enough/)
  })
})

describe('a stream', () => {
  test('is cut into parts whatever its chunks, and not read on before a part can be sent', async () => {
    const service = ingestService()
    let pulled = 0
    let sent = 0
    await using server = await tinyServer((request) => {
      if (request.method === 'PUT') {
        sent += 1
        // One chunk of 3 bytes ahead in the stream's own queue, and one begun.
        assert.ok(pulled * 3 <= (sent + 2) * 4 + 6, `${pulled} chunks read, ${sent} parts sent`)
      }
      return service.answer(request)
    })
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulled === 20) return controller.close()
        controller.enqueue(Buffer.from('abc').fill(97 + pulled++))
      },
    })
    await new JobClient({ url: server.url }).uploadFiles([{ name: 's', size: 60, stream }], { concurrency: 2 })
    const text = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(3)).join('')
    assert.deepEqual(service.files(), { s: text })
  })

  for (const [text, what] of [
    ['abcdefgh', 'ended after 8'],
    ['abcdefghij', 'has more'],
  ] as const) {
    test(`that ${what} is never complete`, async () => {
      const service = ingestService()
      await using server = await tinyServer(service.answer)
      const source = { name: 's', size: 9, stream: () => new Blob([text]).stream() }
      await rejects(new JobClient({ url: server.url }).uploadFiles([source]), {
        code: 'SOURCE_CHANGED',
        filename: 's',
        message: new RegExp(`^The stream of "s" was to give 9 bytes but ${what}`),
      })
      assert.deepEqual(service.completed, [])
    })
  }

  test('of something else than bytes says so', async () => {
    await using server = await tinyServer(ingestService().answer)
    const stream = ReadableStream.from(['text']) as ReadableStream
    await rejects(new JobClient({ url: server.url }).uploadFiles([{ name: 's', size: 4, stream }]), {
      code: 'SOURCE_UNREADABLE',
      message: '"s" cannot be read: expected its stream to give Uint8Array chunks, got string',
    })
  })

  test('that can be opened twice can be digested before, another says why not', async () => {
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    const client = new NodeClient({ url: server.url })
    const stream = () => new Blob(['xyz']).stream()
    await client.uploadFiles([{ name: 's', size: 3, stream }], { sha256: true })
    assert.equal(service.started[0]?.files[0]?.sha256, createHash('sha256').update('xyz').digest('hex'))
    await rejects(client.uploadFiles([{ name: 's', size: 3, stream: stream() }], { sha256: true }), {
      code: 'DIGEST_UNAVAILABLE',
    })
  })
})

describe('a file on disk', () => {
  test('is uploaded by its path under its base name, or under another', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'c.bin')
    await writeFile(path, 'from disk')
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    await new NodeClient({ url: server.url }).uploadFiles([path, await fileAt(path, 'd.bin')])
    assert.deepEqual(service.files(), { 'c.bin': 'from disk', 'd.bin': 'from disk' })
  })

  test('is as large as it is, beyond what 32 bits can say', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'large.bin')
    await writeFile(path, '')
    await truncate(path, 6 * 2 ** 30)
    await appendFile(path, 'end')
    const { size, read } = await fileAt(path)
    assert.equal(size, 6 * 2 ** 30 + 3)
    assert.equal(Buffer.from(await read(6 * 2 ** 30, size)).toString(), 'end')
  })

  test('that changes while it is uploaded fails the upload', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'c.bin')
    await writeFile(path, 'from disk')
    const service = ingestService()
    await using server = await tinyServer(async (request) => {
      if (request.method === 'PUT') await writeFile(path, 'from disc')
      return service.answer(request)
    })
    const uploading = new NodeClient({ url: server.url }).uploadFiles([path], { concurrency: 1 })
    await rejects(uploading, { code: 'SOURCE_CHANGED', filename: 'c.bin', message: /^"c.bin" was changed/ })
    assert.deepEqual(service.completed, [])
  })

  test('that is not there is named', async () => {
    const uploading = new NodeClient({ url: 'http://127.0.0.1:9' }).uploadFiles(['/no/such.bin'])
    await rejects(uploading, { code: 'SOURCE_UNREADABLE', filename: 'such.bin', message: /^"such.bin" .*ENOENT/ })
  })
})

describe('a resumed upload', () => {
  /** Uploads until so many parts have arrived, then resumes with `sources` and answers which parts were sent again. */
  async function resumeAfter(
    parts: number,
    sources: UploadSource[],
    options: { sha256?: boolean; etags?: typeof MD5 },
  ) {
    const service = ingestService(options.etags)
    let left = parts
    await using server = await tinyServer((request) => {
      if (request.method === 'PUT' && left-- <= 0) return { status: 400 }
      return service.answer(request)
    })
    const client = new NodeClient({ url: server.url, retry: QUICK })
    await client.uploadFiles(FILES, { concurrency: 1, sha256: options.sha256 === true }).catch(() => {})
    left = Number.POSITIVE_INFINITY
    const before = server.received.length
    const jobId = await client.uploadFiles(sources, { resume: JOB_ID })
    assert.equal(jobId, JOB_ID)
    assert.equal(service.started.length, 1)
    assert.deepEqual(service.files(), TEXTS)
    return server.received.slice(before).flatMap(({ method, path }) => (method === 'PUT' ? [path.split('?')[0]] : []))
  }

  test('sends only the parts that are missing, known by their MD5', async () => {
    const sent = await resumeAfter(2, FILES, { etags: MD5 })
    assert.deepEqual(sent.sort(), ['/parts/a.txt/3', '/parts/b.txt/1'])
  })

  test('sends only the parts that are missing, known by the SHA-256 of the file', async () => {
    const sent = await resumeAfter(3, FILES, { sha256: true })
    assert.deepEqual(sent, ['/parts/b.txt/1'])
  })

  test('sends parts again that nothing vouches for', async () => {
    const sent = await resumeAfter(2, FILES, {})
    assert.deepEqual(sent.sort(), ['/parts/a.txt/1', '/parts/a.txt/2', '/parts/a.txt/3', '/parts/b.txt/1'])
  })

  test('reads a stream through and sends what is missing', async () => {
    const sources = FILES.map(({ name, data }) => ({ name, size: data.size, stream: data.stream() }))
    const sent = await resumeAfter(2, sources, { etags: MD5 })
    assert.deepEqual(sent.sort(), ['/parts/a.txt/3', '/parts/b.txt/1'])
  })

  test('takes the files in any order', async () => {
    const sent = await resumeAfter(2, FILES.toReversed(), { etags: MD5 })
    assert.deepEqual(sent.sort(), ['/parts/a.txt/3', '/parts/b.txt/1'])
  })

  test('that is complete already answers the job and sends nothing', async () => {
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    const client = new NodeClient({ url: server.url })
    await client.uploadFiles(FILES)
    const before = server.received.length
    const seen: UploadProgress[] = []
    assert.equal(
      await client.uploadFiles(FILES, { resume: JOB_ID, onProgress: (progress) => seen.push(progress) }),
      JOB_ID,
    )
    assert.equal(server.received.length, before + 1)
    assert.deepEqual(seen.at(-1), { sentBytes: 13, totalBytes: 13, sentFiles: 2, totalFiles: 2 })
  })

  test('goes on by its idempotency key too', async () => {
    const service = ingestService(MD5)
    let left = 2
    await using server = await tinyServer((request) =>
      request.method === 'PUT' && left-- <= 0 ? { status: 400 } : service.answer(request),
    )
    const client = new NodeClient({ url: server.url })
    const options = { idempotencyKey: 'run-42', concurrency: 1 }
    await rejects(client.uploadFiles(FILES, options), { code: 'HTTP_400' })
    left = Number.POSITIVE_INFINITY
    const before = partsSent(server.received)
    await client.uploadFiles(FILES, options)
    assert.equal(partsSent(server.received) - before, 2)
    assert.deepEqual(service.files(), TEXTS)
  })

  const [A, B] = FILES as [(typeof FILES)[0], (typeof FILES)[0]]
  const changed = { name: 'a.txt', data: new Blob(['abcdefghiJ']) }
  const mismatches: [string, UploadSource[], string, RegExp][] = [
    ['another size', [{ name: 'a.txt', data: new Blob(['abc']) }, B], 'a.txt', /it has 3 bytes, .* begun with 10/],
    ['other bytes', [changed, B], 'a.txt', /its SHA-256 is [0-9a-f]{64}, .* begun with [0-9a-f]{64}/],
    ['a file too many', [A, B, { ...B, name: 'c.txt' }], 'c.txt', /it is not part of that upload/],
    ['a file too few', [A], 'b.txt', /was not given now/],
  ]
  for (const [what, sources, filename, message] of mismatches) {
    test(`with ${what} is refused, and the file named`, async () => {
      const service = ingestService()
      await using server = await tinyServer((request) =>
        request.method === 'PUT' ? { status: 400 } : service.answer(request),
      )
      const client = new NodeClient({ url: server.url })
      await client.uploadFiles(FILES, { sha256: true, concurrency: 1 }).catch(() => {})
      const before = server.received.length
      const resuming = client.uploadFiles(sources, { resume: JOB_ID })
      await rejects(resuming, { name: 'UploadError', code: 'RESUME_MISMATCH', filename, jobId: JOB_ID, message })
      assert.equal(server.received.length, before + 1)
    })
  }

  test('refuses a file changed since the upload began when the store has put it together already', async () => {
    const service = ingestService()
    await using server = await tinyServer((request) =>
      request.path === '/ingest/complete' && service.completed.length === 1 ? { status: 400 } : service.answer(request),
    )
    const client = new NodeClient({ url: server.url })
    await rejects(client.uploadFiles(FILES, { concurrency: 1 }), { code: 'HTTP_400', filename: 'b.txt' })
    const [a, b] = FILES.map(({ name, data }, i) => ({
      name,
      size: data.size,
      modifiedAt: Date.parse('2025-12-31') + i * 1e9,
      read: async (start: number, end: number) => new Uint8Array(await data.slice(start, end).arrayBuffer()),
    })) as [UploadSource, UploadSource]
    const younger = { ...(a as object), modifiedAt: Date.parse('2026-01-02') } as UploadSource
    const resuming = client.uploadFiles([younger, b], { resume: JOB_ID })
    await rejects(resuming, { code: 'RESUME_MISMATCH', filename: 'a.txt', message: /it was changed after 2026-01-01/ })
  })

  test('of which the service knows nothing any more says so', async () => {
    const problem = {
      type: 'urn:x:INGEST_NOT_FOUND',
      title: 'gone',
      status: 404,
      detail: 'It may have expired; start a new one.',
      code: 'INGEST_NOT_FOUND',
      retryable: false,
    }
    await using server = await tinyServer(() => ({ status: 404, body: { ...problem, request_id: 'r' } }))
    const resuming = new JobClient({ url: server.url }).uploadFiles(FILES, { resume: JOB_ID })
    await rejects(resuming, {
      code: 'INGEST_NOT_FOUND',
      jobId: JOB_ID,
      message: 'It may have expired; start a new one.',
    })
  })
})

function partsSent(received: readonly Received[]): number {
  return received.filter(({ method }) => method === 'PUT').length
}
