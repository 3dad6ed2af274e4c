import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobOutput } from '@longshore/client'
import { OutputUrls } from '../../../client/src/node/output-urls.ts'
import { JOB_ID } from '../job-body.ts'

test('outputs whose URLs are refused in the same moment ask the job once for all', async () => {
  let asked = 0
  const urls = new OutputUrls(async () => {
    asked += 1
    return ['a', 'b', 'c'].map((name) => output(name, `http://store/${name}?${asked}`))
  })
  const uris = ['a', 'b', 'c'].map((name) => output(name, '').uri)
  const stale = await Promise.all(uris.map((uri) => urls.find(uri)))
  const fresh = await Promise.all(stale.map((each) => urls.renew(each)))
  assert.deepEqual(
    fresh.map(({ url }) => url),
    ['http://store/a?2', 'http://store/b?2', 'http://store/c?2'],
  )
  assert.equal(asked, 2)
})

test('outputs are asked for again after asking failed', async () => {
  let asked = 0
  const urls = new OutputUrls(async () => {
    asked += 1
    if (asked === 1) throw new Error('not now')
    return [output('a', 'http://store/a')]
  })
  const { uri } = output('a', '')
  await assert.rejects(urls.find(uri), /not now/)
  assert.equal((await urls.find(uri)).url, 'http://store/a')
})

function output(name: string, url: string): JobOutput {
  return {
    uri: `s3://bucket/results/${JOB_ID}/${name}`,
    url,
    size_bytes: 1,
    sha256: '',
    media_type: 'text/plain',
    expires_at: '2026-01-01T00:00:00.000Z',
  }
}
