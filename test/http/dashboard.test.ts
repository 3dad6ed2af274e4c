import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { bundleDashboard } from '../../dashboard/build.ts'
import { openTestService, type TestService } from '../support/test-service.ts'

/** What the page may weigh, gzipped, with all that it loads. */
const BUDGET_BYTES = 150_000

async function page({ app }: TestService, url = '/dashboard') {
  return app.inject({ url })
}

/** The addresses of what the page loads. */
function loads(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '')
}

test('the page and all that it loads stay within 150 kB', async () => {
  const sizes = [...(await bundleDashboard()).values()].map((body) => gzipSync(body).length)
  const sum = sizes.reduce((all, size) => all + size, 0)
  assert.ok(sum > 10_000 && sum <= BUDGET_BYTES, `${sum} bytes`)
})

test('every address below the dashboard is the same page, which runs only what the service serves', async () => {
  await using service = await openTestService()
  const first = await page(service)
  assert.equal(first.statusCode, 200)
  assert.match(
    String(first.headers['content-security-policy']),
    /^default-src 'none'; script-src 'self'; style-src 'self'; /,
  )
  assert.doesNotMatch(String(first.headers['content-security-policy']), /unsafe|https?:/)
  assert.doesNotMatch(first.body, /https?:\/\/|<style|style="|<script>|onclick/)
  const below = await page(service, '/dashboard/jobs/some-id?status=failed')
  assert.equal(below.body, first.body)
  assert.ok(loads(first.body).length >= 3)
})

test('what the page loads is compressed as asked for, and kept for ever', async () => {
  await using service = await openTestService()
  for (const url of loads((await page(service)).body)) {
    const plain = await service.app.inject({ url })
    assert.equal(plain.statusCode, 200, url)
    assert.match(String(plain.headers['cache-control']), /immutable/)
    const read = async (encoding: string) =>
      (await service.app.inject({ url, headers: { 'accept-encoding': encoding } })).rawPayload
    assert.deepEqual(brotliDecompressSync(await read('gzip, br')), plain.rawPayload)
    assert.deepEqual(gunzipSync(await read('gzip')), plain.rawPayload)
    const again = await service.app.inject({ url, headers: { 'if-none-match': String(plain.headers.etag) } })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
  }
})

test('a file that is not there is told of, whatever its name tries', async () => {
  await using service = await openTestService()
  for (const name of ['app-OLD.js', 'index.html', '../../package.json', '..%2f..%2fpackage.json', '__proto__', '']) {
    const answer = await service.app.inject({ url: `/dashboard/assets/${name}` })
    assert.ok(answer.statusCode === 404 || answer.headers['content-type'] === 'text/html; charset=utf-8', name)
    assert.doesNotMatch(answer.body, /"dependencies"/)
  }
})

test('below a path of PUBLIC_URL the page finds its files and its service there', async () => {
  await using service = await openTestService({ settings: { PUBLIC_URL: 'https://example.org/work/' } })
  for (const url of loads((await page(service)).body)) assert.match(url, /^\/work\/dashboard\/assets\//)
})

test('DASHBOARD=false serves none, and says so', async () => {
  await using service = await openTestService({ settings: { DASHBOARD: 'false' } })
  const answer = await page(service)
  assert.equal(answer.statusCode, 404)
  assert.match(answer.json().detail, /DASHBOARD=false/)
})

test('where objects lie in S3, the page may fetch and show them, from there alone', async () => {
  const s3 = {
    S3_ENDPOINT_URL: 'https://store.example.org',
    S3_BUCKET: 'longshore',
    S3_ACCESS_KEY: 'a',
    S3_SECRET_KEY: 'b',
  }
  await using service = await openTestService({ settings: s3 })
  const policy = String((await page(service)).headers['content-security-policy'])
  assert.match(
    policy,
    /img-src 'self' blob: data: https:\/\/store\.example\.org; connect-src 'self' https:\/\/store\.example\.org;/,
  )
})
