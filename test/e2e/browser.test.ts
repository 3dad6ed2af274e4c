import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { CORSRule } from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { Gzip } from '../../examples/browser/gzip-processor.ts'
import { pageServer } from '../../examples/browser/page-server.ts'
import { type Browser, startChromium } from '../support/chromium.ts'
import { startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openServiceOf } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MIB = 1024 * 1024

type Folder = Awaited<ReturnType<typeof tempFolder>>

describe('the client in Chromium, on a page of another origin than the service', () => {
  let built: Folder
  let browser: Browser
  before(async () => {
    built = await tempFolder()
    const config = join(ROOT, 'client/tsconfig.build.json')
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', config, '--outDir', built.path])
    browser = await startChromium()
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await built[Symbol.asyncDispose]()
  })

  /** The page of the example, from a server of its own, and a service that lets in the origins of `corsOrigins`. */
  async function openPage(
    corsOrigins: (page: string) => string,
    settings: (page: string) => Promise<Record<string, string>> = async () => ({}),
  ) {
    const server = pageServer(built.path)
    const origin = await server.listen({ host: '127.0.0.1', port: 0 })
    const service = await openServiceOf(new Gzip(), { CORS_ORIGINS: corsOrigins(origin), ...(await settings(origin)) })
    const { page, errors } = await browser.open(`${origin}/?service=${encodeURIComponent(service.api.url)}`)
    return {
      page,
      errors,
      service,
      [Symbol.asyncDispose]: async () => {
        await page.close()
        await server.close()
        await service[Symbol.asyncDispose]()
      },
    }
  }

  test('uploads a picked file in parts, shows progress, waits by events, shows the result and downloads it', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'picked.bin')
    const bytes = Buffer.concat([randomBytes(6 * MIB), Buffer.alloc(6 * MIB)])
    await writeFile(path, bytes)
    await using opened = await openPage((origin) => origin)
    const { page, errors } = opened
    const asked = requestsOf(page)
    const bars = await watchBar(page)

    await page.setInputFiles('#files', path)
    assert.equal(await page.textContent('#chosen'), 'picked.bin, 12.0 MiB')
    await page.click('#start')
    await page.waitForSelector('#outputs a')

    assert.equal(asked.filter(({ method }) => method === 'PUT').length, 3)
    assert.ok(
      asked.some(({ url }) => url.endsWith('/events')),
      `${asked.map(({ url }) => url)}`,
    )
    const seen = await bars()
    // The last part has 2 MiB, and any may arrive first.
    assert.ok(
      seen.some((each) => /^upload (2|5|7|10)\.0 MiB of 12\.0 MiB$/.test(each)),
      `${seen}`,
    )
    assert.ok(seen.includes('upload 12.0 MiB of 12.0 MiB'), `${seen}`)
    assert.ok(seen.includes('job completed'), `${seen}`)
    assert.equal(seen.at(-1), 'done 1 output')
    assert.match((await page.textContent('#message')) ?? '', /^12\.0 MiB became 6\.0 MiB$/)

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#outputs a')])
    assert.equal(download.suggestedFilename(), 'picked.bin.gz')
    assert.ok(gunzipSync(await readFile(await download.path())).equals(bytes))
    assert.deepEqual(errors, [])
  })

  test('sends parts to S3 itself, and reads outputs there, by the rules that docs/stores.md gives the bucket', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'picked.bin')
    await writeFile(path, randomBytes(7 * MIB))
    await using store = await startS3Server()
    const settings = async (origin: string) => {
      const bucket = await new Bucket(store).make()
      await bucket.allowOrigins(rulesOfPage(origin))
      return s3Settings(store, bucket)
    }
    await using opened = await openPage((origin) => origin, settings)
    const { page, service } = opened
    const asked = requestsOf(page)
    await page.setInputFiles('#files', path)
    await page.click('#start')
    await page.waitForSelector('#outputs a')
    const puts = asked.filter(({ method }) => method === 'PUT')
    assert.equal(puts.length, 2)
    assert.ok(puts.every(({ url }) => url.startsWith(store.endpoint)))
    const [job] = await service.api.get<{ job_id: string }[]>('/jobs')
    const read = await readOutput(page, service.api.url, job?.job_id)
    assert.equal(read.sha256, read.announced)
  })

  test('reads an output by its URL, a part of it and its ETag, as CORS exposes them', async () => {
    await using opened = await openPage((origin) => origin)
    const { page, service } = opened
    const jobId = await service.api.upload({ 'a.txt': 'hello' })
    await service.api.ended(jobId)
    const read = await readOutput(page, service.api.url, jobId)
    assert.equal(read.sha256, read.announced)
    assert.match(read.contentRange, /^bytes 1-/)
    assert.match(read.etag, /^"/)
  })

  test('cancelled while it uploads leaves nothing on the service', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'large.bin')
    await writeFile(path, Buffer.alloc(30 * MIB))
    await using opened = await openPage((origin) => origin)
    const { page, service } = opened
    const reached = Promise.withResolvers<void>()
    await page.route('**/objects/**', () => reached.resolve())
    await page.setInputFiles('#files', path)
    const gone = page.waitForResponse((response) => response.url().endsWith('/abort'))
    await page.click('#start')
    await reached.promise
    await page.click('#cancel')
    assert.equal((await gone).status(), 204)
    await page.waitForSelector('#message.bad')
    assert.equal(await page.textContent('#message'), 'Cancelled')
    assert.deepEqual(await service.api.get('/jobs'), [])
  })

  for (const [what, corsOrigins] of [
    ['without CORS_ORIGINS', ''],
    ['with another origin in CORS_ORIGINS', 'https://app.example.org'],
  ] as const) {
    test(`${what} it says that the service cannot be reached, and what may be the reason`, async () => {
      await using opened = await openPage(() => corsOrigins)
      const { page, service } = opened
      const failure = await page.evaluate<{ name: string; code: string; message: string }>(`
        import('@longshore/client').then(async ({ JobClient }) => {
          const client = new JobClient({ url: '${service.api.url}', retry: { tries: 1 } })
          const { name, code, message } = await client.health().catch((failure) => failure)
          return { name, code, message }
        })`)
      assert.deepEqual([failure.name, failure.code], ['NetworkError', 'UNREACHABLE'])
      assert.ok(failure.message.startsWith(`${service.api.url} cannot be reached`), failure.message)
      assert.match(failure.message, /CORS/)
    })
  }
})

/** What a page may read of a job's first output. */
function readOutput(page: Page, service: string, jobId: string | undefined) {
  return page.evaluate<{ sha256: string; announced: string; contentRange: string; etag: string }>(`
    import('@longshore/client').then(async ({ JobClient }) => {
      const client = new JobClient({ url: '${service}' })
      const [output] = await client.outputs('${jobId}')
      const whole = await client.download(output.url)
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await whole.arrayBuffer()))
      const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      const etag = whole.headers.get('etag')
      const part = await fetch(output.url, { headers: { range: 'bytes=1-', 'if-range': etag } })
      return { sha256, announced: output.sha256, etag, contentRange: part.headers.get('content-range') }
    })`)
}

/** The rules for a bucket as people would copy them, for another origin. */
function rulesOfPage(origin: string): CORSRule[] {
  const stores = readFileSync(join(ROOT, 'docs/stores.md'), 'utf8')
  const block = /```json\n(\[\{\s+"AllowedOrigins".*?)```/s.exec(stores)?.[1] ?? ''
  return JSON.parse(block.replace('https://app.example.org', origin))
}

interface Asked {
  method: string
  url: string
}

function requestsOf(page: Page): Asked[] {
  const asked: Asked[] = []
  page.on('request', (request) => asked.push({ method: request.method(), url: request.url() }))
  return asked
}

/** Writes down what every stage says, whenever it changes. */
async function watchBar(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(`
    window.seen = []
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const stage = target.closest?.('[data-stage]')
        if (stage) window.seen.push(stage.dataset.stage + ' ' + target.textContent)
      }
    }).observe(document.querySelector('#stages'), { childList: true, subtree: true })
  `)
  return () => page.evaluate<string[]>('window.seen')
}
