import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ManualClock } from '../support/manual-clock.ts'
import { connectRaw } from '../support/raw-socket.ts'
import { everythingStored, openTestService, type TestService } from '../support/test-service.ts'
import { assertProblem, post } from '../support/wire.ts'

const REF = { bucket: 'longshore', key: 'results/1/a "b" ü.bin' }

async function withObject(service: TestService): Promise<string> {
  await service.store.put(REF, Buffer.from('0123456789'))
  return service.store.signGet(REF, service.config.downloadUrlTtlMs + Date.UTC(2026, 0, 1))
}

test('an object is served whole, with what a browser must not do with it', async () => {
  await using service = await openTestService({ clock: new ManualClock() })
  const url = await withObject(service)
  const answer = await service.app.inject({ url })
  assert.equal(answer.body, '0123456789')
  assert.equal(answer.headers['content-length'], '10')
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.match(
    String(answer.headers['content-disposition']),
    /^attachment; filename\*=UTF-8''a%20%22b%22%20%C3%BC\.bin$/,
  )
  assert.match(String(answer.headers['content-security-policy']), /sandbox/)
  const head = await service.app.inject({ method: 'HEAD', url })
  assert.deepEqual([head.statusCode, head.headers['content-length'], head.body], [200, '10', ''])
  const known = await service.app.inject({ url, headers: { 'if-none-match': String(answer.headers.etag) } })
  assert.deepEqual([known.statusCode, known.body], [304, ''])
})

test('one range is served as 206, what no range can be as 416, the rest whole', async () => {
  await using service = await openTestService({ clock: new ManualClock() })
  const url = await withObject(service)
  const etag = String((await service.app.inject({ method: 'HEAD', url })).headers.etag)
  const ask = async (range: string, headers = {}) => {
    const answer = await service.app.inject({ url, headers: { range, ...headers } })
    return [answer.statusCode, answer.body, answer.headers['content-range']]
  }
  assert.deepEqual(await ask('bytes=2-4'), [206, '234', 'bytes 2-4/10'])
  assert.deepEqual(await ask('bytes=8-'), [206, '89', 'bytes 8-9/10'])
  assert.deepEqual(await ask('bytes=-3'), [206, '789', 'bytes 7-9/10'])
  assert.deepEqual(await ask('bytes=-30'), [206, '0123456789', 'bytes 0-9/10'])
  assert.deepEqual(await ask('bytes=5-500'), [206, '56789', 'bytes 5-9/10'])
  for (const whole of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=4-2', 'bytes=-', 'bytes=a-b']) {
    assert.deepEqual(await ask(whole), [200, '0123456789', undefined], whole)
  }
  assert.deepEqual(await ask('bytes=1-1', { 'if-range': etag }), [206, '1', 'bytes 1-1/10'])
  assert.equal((await ask('bytes=1-1', { 'if-range': '"other"' }))[0], 200)
  for (const range of ['bytes=10-', 'bytes=-0']) {
    const answer = await service.app.inject({ url, headers: { range } })
    assertProblem(answer, 'RANGE_NOT_SATISFIABLE')
    assert.equal(answer.headers['content-range'], 'bytes */10')
  }
})

test('forged, expired and misused URLs are refused', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const url = await withObject(service)
  for (const forged of [
    url.replace(/signature=.{4}/, 'signature=AAAA'),
    url.replace('a%20', 'b%20'),
    url.replace('longshore', 'otherbucket'),
    url.replace(/expires=\d/, 'expires=9'),
    `${url}&x=1`,
    url.split('?', 1)[0] ?? '',
  ]) {
    assertProblem(await service.app.inject({ url: forged }), 'SIGNATURE_INVALID')
  }
  assertProblem(await service.app.inject({ method: 'PUT', url, payload: 'x' }), 'SIGNATURE_INVALID')
  await service.store.delete([REF])
  assertProblem(await service.app.inject({ url }), 'OBJECT_NOT_FOUND')
  clock.advance(service.config.downloadUrlTtlMs + 1000)
  assertProblem(await service.app.inject({ url }), 'URL_EXPIRED')
})

test('a part must have the size that was signed, and its URL is good for that part alone', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const start = await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 5 }] })
  const { pathname, search } = new URL(start.json().files[0].part_urls[0].url)
  const put = (url: string, payload: string, headers = {}) =>
    service.app.inject({ method: 'PUT', url, payload, headers })
  assertProblem(await put(pathname + search, '123456'), 'PART_SIZE_MISMATCH')
  assertProblem(await put(pathname + search, '1234'), 'PART_SIZE_MISMATCH')
  assertProblem(await put(pathname + search.replace('part_number=1', 'part_number=2'), '12345'), 'SIGNATURE_INVALID')
  assertProblem(await put(pathname + search.replace('size=5', 'size=6'), '123456'), 'SIGNATURE_INVALID')
  assertProblem(await service.app.inject({ url: pathname + search }), 'SIGNATURE_INVALID')
  assert.equal((await everythingStored(service)).filter((name) => name.includes('part')).length, 0)
  const answer = await put(pathname + search, '12345', { 'content-type': 'application/json' })
  assert.equal(answer.statusCode, 200, answer.body)
  assert.match(String(answer.headers.etag), /^".+"$/)
  clock.advance(service.config.partUrlTtlMs + 1000)
  assertProblem(await put(pathname + search, '12345'), 'URL_EXPIRED')
})

test('a part of which the length alone is wrong is refused before a byte of it is sent', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const start = await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 5 }] })
  const { pathname, search } = new URL(start.json().files[0].part_urls[0].url)
  const { socket, heard } = connectRaw(url)
  socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n`)
  while (!heard().includes('PART_SIZE_MISMATCH')) await once(socket, 'data')
  socket.destroy()
})

test('a part that is longer or shorter than signed is refused when no length was announced', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const answer = await fetch(`${url}/ingest/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ files: [{ filename: 'a', size_bytes: 5 }] }),
  })
  const [file] = ((await answer.json()) as { files: { part_urls: { url: string }[] }[] }).files
  for (const text of ['1234', '123456']) {
    const body = ReadableStream.from([Buffer.from(text)])
    const put = await fetch(file?.part_urls[0]?.url ?? '', { method: 'PUT', body, duplex: 'half' })
    assert.equal(((await put.json()) as { code: string }).code, 'PART_SIZE_MISMATCH')
  }
})
