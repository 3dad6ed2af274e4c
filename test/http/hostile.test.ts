import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { ErrorCode } from '../../src/base/errors.ts'
import { connectRaw, converse } from '../support/raw-socket.ts'
import { nothingWritten, openTestService } from '../support/test-service.ts'
import { assertFetchedProblem, assertProblem, post, submit } from '../support/wire.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** Bodies of `POST /ingest/start` that must be refused, and as what. */
const BAD_INGESTS: [string, ErrorCode, unknown[]][] = [
  ['a name that climbs out', 'INVALID_FILENAME', [{ filename: '../x', size_bytes: 1 }]],
  ['a name that climbs out below', 'INVALID_FILENAME', [{ filename: 'a/../../x', size_bytes: 1 }]],
  ['an absolute name', 'INVALID_FILENAME', [{ filename: '/etc/passwd', size_bytes: 1 }]],
  ['a Windows path', 'INVALID_FILENAME', [{ filename: 'C:\\x', size_bytes: 1 }]],
  ['a name with NUL', 'INVALID_FILENAME', [{ filename: 'a\0b', size_bytes: 1 }]],
  ['a name with a line break', 'INVALID_FILENAME', [{ filename: 'a\r\nb', size_bytes: 1 }]],
  ['a name of 300 bytes', 'INVALID_FILENAME', [{ filename: 'é'.repeat(150), size_bytes: 1 }]],
  [
    'a key of more than 1,024 bytes',
    'INVALID_FILENAME',
    [{ filename: 'abcdefg/'.repeat(130).concat('x'), size_bytes: 1 }],
  ],
  ['an empty name', 'INVALID_FILENAME', [{ filename: '', size_bytes: 1 }]],
  ['a dot', 'INVALID_FILENAME', [{ filename: '.', size_bytes: 1 }]],
  ['half a surrogate pair', 'INVALID_FILENAME', [{ filename: 'a\ud800', size_bytes: 1 }]],
  [
    'two equal names',
    'DUPLICATE_FILENAME',
    [
      { filename: 'a', size_bytes: 1 },
      { filename: 'a', size_bytes: 2 },
    ],
  ],
  [
    'names equal but for case',
    'DUPLICATE_FILENAME',
    [
      { filename: 'A', size_bytes: 1 },
      { filename: 'a', size_bytes: 2 },
    ],
  ],
  [
    'names equal in NFC',
    'DUPLICATE_FILENAME',
    [
      { filename: 'e\u0301', size_bytes: 1 },
      { filename: '\u00e9', size_bytes: 1 },
    ],
  ],
  ['size 0', 'INVALID_FILE_SIZE', [{ filename: 'a', size_bytes: 0 }]],
  ['size −1', 'INVALID_FILE_SIZE', [{ filename: 'a', size_bytes: -1 }]],
  ['size 1.5', 'INVALID_FILE_SIZE', [{ filename: 'a', size_bytes: 1.5 }]],
  ['size 10^15', 'FILE_TOO_LARGE', [{ filename: 'a', size_bytes: 1e15 }]],
  [
    'sizes too large together',
    'JOB_TOO_LARGE',
    Array.from({ length: 3 }, (_, i) => ({ filename: `${i}`, size_bytes: 2 ** 42 })),
  ],
  ['a size as text', 'VALIDATION_FAILED', [{ filename: 'a', size_bytes: '1' }]],
  [
    'more files than allowed',
    'TOO_MANY_FILES',
    Array.from({ length: 1001 }, (_, i) => ({ filename: `${i}`, size_bytes: 1 })),
  ],
  ['no files', 'VALIDATION_FAILED', []],
]

test('an ingest that cannot be is refused by its own code, and nothing is written', async (t) => {
  await using service = await openTestService({ settings: { MAX_JOB_SIZE_GB: '10000' } })
  for (const [what, code, files] of BAD_INGESTS) {
    await t.test(what, async () => {
      assertProblem(await post(service.app, '/ingest/start', { files }), code)
      assert.ok(await nothingWritten(service))
    })
  }
})

/** Manifests that must be refused, and as what. */
const BAD_MANIFESTS: [string, ErrorCode, unknown][] = [
  ['another bucket', 'BUCKET_NOT_ALLOWED', { manifest_inline: { files: ['s3://other/a'] } }],
  ['another bucket by URI', 'BUCKET_NOT_ALLOWED', { manifest_uri: 's3://other/m.json' }],
  ['a file: URI', 'INVALID_URI', { manifest_inline: { files: ['file:///etc/passwd'] } }],
  ['an http: URI', 'INVALID_URI', { manifest_inline: { files: ['http://169.254.169.254/latest'] } }],
  ['an http: manifest', 'INVALID_URI', { manifest_uri: 'http://127.0.0.1/m.json' }],
  ['a bucket alone', 'INVALID_URI', { manifest_inline: { files: ['s3://longshore'] } }],
  ['files of wrong types', 'VALIDATION_FAILED', { manifest_inline: { files: [1, null, [], {}] } }],
  ['files that are no list', 'VALIDATION_FAILED', { manifest_inline: { files: 's3://longshore/a' } }],
  ['no files', 'VALIDATION_FAILED', { manifest_inline: { files: [] } }],
  ['neither manifest', 'VALIDATION_FAILED', {}],
  [
    'both manifests',
    'VALIDATION_FAILED',
    { manifest_uri: 's3://longshore/m', manifest_inline: { files: ['s3://longshore/a'] } },
  ],
  ['an unknown field', 'VALIDATION_FAILED', { manifest_uri: 's3://longshore/m', priorty: 1 }],
  ['a list', 'VALIDATION_FAILED', []],
  ['null', 'VALIDATION_FAILED', null],
]

test('a manifest that cannot be is refused by its own code, and nothing is written', async (t) => {
  await using service = await openTestService()
  for (const [what, code, body] of BAD_MANIFESTS) {
    await t.test(what, async () => {
      assertProblem(await post(service.app, '/jobs', body), code)
      assert.ok(await nothingWritten(service))
    })
  }
})

test('lists of a million are refused before they are looked at', async () => {
  await using service = await openTestService()
  const uris = `["${Array.from({ length: 1_000_000 }, () => 's3://lo/a').join('","')}"]`
  assertProblem(await post(service.app, '/jobs', `{"manifest_inline":{"files":${uris}}}`), 'TOO_MANY_FILES')
  const numbers = `[${'0,'.repeat(99_999)}0]`
  const problem = assertProblem(
    await post(service.app, '/jobs', `{"manifest_inline":{"files":${numbers}}}`),
    'VALIDATION_FAILED',
  )
  assert.ok((problem.errors?.length ?? 0) <= 100)
  assertProblem(await post(service.app, '/ingest/complete', `{"parts":${numbers}}`), 'TOO_MANY_PARTS')
  const labels = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`l${i}`, i]))
  assertProblem(await submit(service.app, { labels }), 'VALIDATION_FAILED')
  assert.ok(await nothingWritten(service))
})

test('JSON that is too deep, too long or not JSON is refused', async () => {
  await using service = await openTestService()
  const deep = `{"manifest_uri":"s3://longshore/m","parameters":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
  assertProblem(await post(service.app, '/jobs', deep), 'JSON_TOO_DEEP')
  const inText = { manifest_uri: 's3://longshore/m', parameters: { text: '[{'.repeat(1000), quote: '\\"[[[' } }
  assert.equal((await post(service.app, '/jobs', inText)).statusCode, 202)
  for (const body of ['{"a"', '', 'NaN', '{"a":1}x', '\ufffe{}']) {
    const answer = await post(service.app, '/jobs', body)
    assertProblem(answer, body === '' ? 'VALIDATION_FAILED' : 'MALFORMED_JSON')
  }
})

test('JSON that would plant a prototype is refused, however it is written', async () => {
  await using service = await openTestService()
  const key = '"manifest_uri":"s3://longshore/m"'
  for (const parameters of [
    '{"__proto__":{"admin":true}}',
    '{"a":[{"\\u005f_proto__":1}]}',
    '{"constructor":{"prototype":{"x":1}}}',
  ]) {
    assertProblem(await post(service.app, '/jobs', `{${key},"parameters":${parameters}}`), 'MALFORMED_JSON')
  }
  assert.equal((await post(service.app, '/jobs', `{${key},"parameters":{"constructor":"Boeing"}}`)).statusCode, 202)
})

test('a client that sends 100 MB of JSON hears that it is too long', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const chunk = Buffer.alloc(1024 * 1024, 32)
  const announced = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: Buffer.alloc(100 * 1024 * 1024, 32),
  })
  await assertFetchedProblem(announced, 'BODY_TOO_LARGE')
  const body = ReadableStream.from(Array.from({ length: 100 }, () => chunk))
  const chunked = await fetch(`${url}/jobs`, { method: 'POST', headers: JSON_TYPE, body, duplex: 'half' })
  await assertFetchedProblem(chunked, 'BODY_TOO_LARGE')
  assert.ok(await nothingWritten(service))
})

test('a body of which the length alone is too much is refused before it is sent', async () => {
  await using service = await openTestService()
  const answer = await converse(await service.listen(), [
    'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n',
  ])
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /BODY_TOO_LARGE/)
})

test('wrong methods, paths and content types are told apart', async () => {
  await using service = await openTestService()
  const { app } = service
  const put = await app.inject({ method: 'PUT', url: '/jobs' })
  assertProblem(put, 'METHOD_NOT_ALLOWED')
  assert.equal(put.headers.allow, 'POST, GET, HEAD')
  assert.equal((await app.inject({ method: 'PATCH', url: '/jobs/x' })).headers.allow, 'GET, HEAD, DELETE')
  assertProblem(await app.inject({ method: 'TRACE', url: '/health' }), 'METHOD_NOT_ALLOWED')
  assertProblem(await app.inject({ url: '/jobs/x/y/z' }), 'ROUTE_NOT_FOUND')
  assertProblem(await app.inject({ url: '/%' }), 'MALFORMED_REQUEST')
  assertProblem(await app.inject({ url: `/jobs/${'x'.repeat(1000)}` }), 'ROUTE_NOT_FOUND')
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'nonsense',
    'multipart/form-data',
  ]) {
    const answer = await app.inject({ method: 'POST', url: '/jobs', headers: { 'content-type': type }, payload: '{}' })
    assertProblem(answer, 'UNSUPPORTED_MEDIA_TYPE')
  }
  assertProblem(
    await app.inject({ method: 'POST', url: '/jobs', payload: Buffer.from('{}') }),
    'UNSUPPORTED_MEDIA_TYPE',
  )
  assertProblem(await post(app, '/ingest/upload', {}), 'UNSUPPORTED_MEDIA_TYPE')
  assert.ok(await nothingWritten(service))
})

test('the fields of a form are bounded together, not each for itself', async () => {
  await using service = await openTestService({ limits: { bodyBytes: 10_000 } })
  const send = (count: number) => {
    const form = new FormData()
    for (let n = 0; n < count; n++) form.append(`field${n}`, 'x'.repeat(1_000))
    form.append('file', new Blob(['y']), 'a.bin')
    return fetch(`${url}/ingest/upload`, { method: 'POST', body: form })
  }
  const url = await service.listen()
  await assertFetchedProblem(await send(11), 'BODY_TOO_LARGE')
  await assertFetchedProblem(await send(10), 'VALIDATION_FAILED')
  assert.ok(await nothingWritten(service))
})

test('a form with too many fields, or fields that cannot be, is refused with what to do', async () => {
  await using service = await openTestService()
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const send = (names: readonly string[]) => {
    const fields = names.map((name) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`)
    return service.app.inject({
      method: 'POST',
      url: '/ingest/upload',
      headers,
      payload: `${fields.join('')}--b--\r\n`,
    })
  }
  const many = Array.from({ length: 100_000 }, (_, n) => `f${n}`)
  for (const names of [many, ['__proto__'], ['constructor']]) {
    assert.match(assertProblem(await send(names), 'MALFORMED_FORM').detail, /GET \/docs/)
  }
  assert.ok(await nothingWritten(service))
})

test('a client that goes while it sends leaves nothing behind and is no fault of the service', async () => {
  const logged: unknown[] = []
  await using service = await openTestService({ logged })
  const url = await service.listen()
  const started = await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 100_000 }] })
  const part = new URL(started.json().files[0].part_urls[0].url)
  const requests = [
    `PUT ${part.pathname}${part.search} HTTP/1.1\r\nHost: x\r\n`,
    'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n',
    'POST /ingest/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n',
  ]
  for (const head of requests) {
    const { socket } = connectRaw(url)
    const gone = Promise.withResolvers<void>()
    service.app.server.once('request', (request: IncomingMessage, response: ServerResponse) => {
      request.once('resume', () => socket.destroy())
      response.once('close', gone.resolve)
    })
    socket.write(`${head}Content-Length: 100000\r\n\r\n--b\r\n`)
    await gone.promise
  }
  await post(service.app, `/ingest/${started.json().job_id}/abort`, {})
  await service.app.close()
  assert.deepEqual(logged, [])
  assert.ok(await nothingWritten(service))
})

test('what is not HTTP is answered with a problem, and the service lives on', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const garbage: [string, string][] = [
    ['\x16\x03\x01\x02\x00\x01', '400'],
    ['GET / HTTP/9.9\r\n\r\n', '400'],
    ['GET / HTTP/1.1\r\nHost: x\r\nBad header\r\n\r\n', '400'],
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', '400'],
    ['POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', '400'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`, '431'],
  ]
  for (const [bytes, status] of garbage) {
    const answer = await converse(url, [bytes])
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(bytes.slice(0, 60)))
    assert.match(answer, /"type":"urn:longshore:error:/)
  }
  assert.equal((await fetch(`${url}/health`)).status, 200)
})
