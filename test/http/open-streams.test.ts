import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { describe, test } from 'node:test'
import { formatKeyEntry, type KeyAttributes } from '../../src/access/api-key.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openTestService } from '../support/test-service.ts'
import { post, submit } from '../support/wire.ts'

const KEY = 'key-of-who-reads-streams'
const OTHER = formatKeyEntry('key-of-somebody-else')
const bearer = { authorization: `Bearer ${KEY}` }

/** A service with a key, on which a job waits. */
async function openService(attributes: KeyAttributes = {}) {
  const clock = new ManualClock()
  const settings = { API_KEYS: `${formatKeyEntry(KEY, attributes)},${OTHER}` }
  const service = await openTestService({ clock, settings })
  const url = await service.listen()
  const { job_id: id } = (await submit(service.app, {}, bearer)).json<{ job_id: string }>()
  return { service, clock, url, id, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
}

/** A stream that is read as it comes. */
async function openStream(url: string, headers: Record<string, string> = bearer) {
  const answer = await fetch(url, { headers })
  assert.equal(answer.status, 200)
  const chunks = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>)
  return {
    /** Resolves with the next sign of life; rejects when the stream ends before it. */
    async alive(): Promise<void> {
      for await (const chunk of chunks.iterator({ destroyOnReturn: false }))
        if (String(chunk).includes(': alive')) return
      assert.fail('the stream ended')
    },
    /** Resolves at its end. */
    end: () => chunks.resume().toArray(),
  }
}

describe('an event stream', () => {
  for (const path of ['/events', '/jobs/:job_id/events']) {
    test(`${path} ends within 15 s after its key was taken away`, async () => {
      await using open = await openService()
      const stream = await openStream(open.url + path.replace(':job_id', open.id))
      open.service.access.replace([OTHER])
      open.clock.advance(15_000)
      await stream.end()
      assert.equal((await fetch(`${open.url}/events`, { headers: bearer })).status, 401)
    })

    test(`${path} goes on while its key is good, also when others change`, async () => {
      await using open = await openService()
      const stream = await openStream(open.url + path.replace(':job_id', open.id))
      open.service.access.replace([formatKeyEntry(KEY, { name: 'renamed' })])
      for (let beats = 0; beats < 3; beats++) {
        open.clock.advance(15_000)
        await stream.alive()
      }
    })
  }

  test('ends when its key has expired', async () => {
    await using open = await openService({ expires: '2026-01-01T00:01:00Z' })
    const stream = await openStream(`${open.url}/events`)
    for (let beats = 0; beats < 3; beats++) {
      open.clock.advance(15_000)
      await stream.alive()
    }
    open.clock.advance(15_000)
    await stream.end()
  })

  for (const [what, attributes] of Object.entries({
    'may read no more': { scopes: ['submit'] },
    'is another tenant’s now': { tenant: 'acme' },
  } satisfies Record<string, KeyAttributes>)) {
    test(`ends when its key ${what}`, async () => {
      await using open = await openService()
      const stream = await openStream(`${open.url}/events`)
      open.service.access.replace([formatKeyEntry(KEY, attributes)])
      open.clock.advance(15_000)
      await stream.end()
    })
  }

  test('that a read token opened ends with the token', async () => {
    await using open = await openService()
    const made = await post(open.service.app, `/jobs/${open.id}/tokens`, { expires_in_seconds: 60 }, bearer)
    const { token } = made.json<{ token: string }>()
    const stream = await openStream(`${open.url}/jobs/${open.id}/events?token=${token}`, {})
    for (let beats = 0; beats < 3; beats++) {
      open.clock.advance(15_000)
      await stream.alive()
    }
    open.clock.advance(15_000)
    await stream.end()
  })
})
