import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { redactor } from '../../src/telemetry/redaction.ts'
import { openServiceLog } from '../../src/telemetry/service-log.ts'

const SECRET = 'hunter2-hunter2'

/** Every way a secret is known by what stands before it. */
const SHAPES: Readonly<Record<string, (secret: string) => string>> = {
  'a bearer header': (secret) => `Authorization: Bearer ${secret}`,
  'a bearer token in a sentence': (secret) => `sent with bearer ${secret} in vain`,
  'a basic header': (secret) => `authorization: Basic ${secret}`,
  'a signature of version 4': (secret) =>
    `AWS4-HMAC-SHA256 Credential=${secret}/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature=${secret}`,
  'a cookie': (secret) => `Cookie: session=${secret}; theme=dark`,
  'credentials in a URL': (secret) => `postgres://longshore:${secret}@db.example.org:5432/jobs`,
  'a token in a URL': (secret) => `https://${secret}@git.example.org/repo`,
  'a signed URL of this service': (secret) => `/objects/b/k.txt?expires=1&signature=${secret}`,
  'a signed URL of S3': (secret) =>
    `https://s3/b/k?X-Amz-Credential=${secret}%2F2026&X-Amz-Security-Token=${secret}&X-Amz-Signature=${secret}`,
  'a parameter': (secret) => `?access_token=${secret}&api_key=${secret}`,
}

const NAMES = ['authorization', 'password', 'apiKey', 'api_key', 'secretAccessKey', 'token', 'access_token', 'cookie']

/** A line of the log as it leaves, of fields and a message. */
function lineOf(fields: object, message = 'a message', secrets: readonly string[] = []): string {
  const lines: string[] = []
  openServiceLog('info', redactor(secrets), { write: (line) => lines.push(line) }).info(fields, message)
  const [line = ''] = lines
  assert.doesNotThrow(() => JSON.parse(line), line)
  return line
}

for (const [what, shape] of Object.entries(SHAPES)) {
  test(`${what} leaves no secret in the log, wherever it is logged`, () => {
    const text = shape(SECRET)
    const error = new Error(text, { cause: new Error(text) })
    for (const line of [
      lineOf({}, text),
      lineOf({ deep: { er: [text] } }),
      lineOf({ json: JSON.stringify({ text: JSON.stringify({ text }) }) }),
      lineOf({ err: Object.assign(error, { config: { url: text } }) }, error.message),
    ]) {
      assert.ok(!line.includes(SECRET), line)
      assert.ok(line.includes('[redacted]'), line)
    }
  })
}

for (const name of NAMES) {
  test(`the value of a field named ${name} is taken out, also within JSON that is logged as text`, () => {
    assert.ok(!lineOf({ [name]: SECRET }).includes(SECRET))
    assert.ok(!lineOf({ request: { headers: { [name.toUpperCase()]: `x "${SECRET}" y` } } }).includes(SECRET))
    assert.ok(!lineOf({}, JSON.stringify({ [name]: SECRET })).includes(SECRET))
  })
}

test('a secret the service knows is taken out wherever and however it stands', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8, unit: 'binary' }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(secret.trim().length >= 8 && secret.isWellFormed() && !'[redacted]'.includes(secret))
      const line = lineOf({ field: `${before}${secret}${after}` }, encodeURIComponent(secret), [secret])
      const { field, msg } = JSON.parse(line)
      assert.ok(!field.includes(secret), line)
      assert.ok(!msg.includes(encodeURIComponent(secret)), line)
    }),
  )
})

test('every line stays JSON, whatever is logged', () => {
  fc.assert(fc.property(fc.jsonValue(), fc.string(), (value, text) => lineOf({ value, text }, text).length > 0))
})

test('what is no secret stays', () => {
  const fields = {
    url: 'https://s3.example.org/bucket/key?versionId=7',
    code: 'TIMEOUT',
    token: 7,
    tokens: 12,
    detail: 'The signature of the URL is not valid',
    uri: 's3://bucket/results/a@b.txt',
  }
  assert.partialDeepStrictEqual(JSON.parse(lineOf(fields, 'The bearer waits.')), {
    ...fields,
    msg: 'The bearer waits.',
  })
})

test('a line of 100 KB is looked through in a few ms', () => {
  const redact = redactor([SECRET])
  for (const unit of ['a', '://', 'token', '"secret":', 'Bearer ', 'cookie: ', '\\\\"', 'x-amz-']) {
    const text = unit.repeat(100_000 / unit.length)
    const began = performance.now()
    redact(text)
    assert.ok(performance.now() - began < 500, `${unit}: ${performance.now() - began} ms`)
  }
})
