import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient } from '@longshore/client'
import { WEBHOOK_SECRET } from '../support/receiver.ts'
import { openStrippingProxy } from '../support/stripping-proxy.ts'
import { openTestService, type TestService } from '../support/test-service.ts'
import { post, submit, submitted } from '../support/wire.ts'

const JOB = { manifest_inline: { files: ['s3://longshore/a.bin'] } }

const SCHEDULE = { name: 'nightly', cron: '30 2 * * *', job: JOB }

/** What a job links to beside itself. */
const PARTS = ['events', 'files', 'outputs', 'logs', 'webhooks', 'cancel', 'retry']

function openBelow(path: string, settings: Record<string, string> = {}): Promise<TestService> {
  return openTestService({ settings: { PUBLIC_URL: `https://example.org${path}`, ...settings } })
}

/** A service that is reached through a proxy which takes a path off. */
async function openProxied(path: string) {
  const proxy = await openStrippingProxy(path)
  const service = await openTestService({ settings: { PUBLIC_URL: `${proxy.url}/` } })
  proxy.leadTo(await service.listen())
  return {
    url: proxy.url,
    origin: proxy.origin,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

describe('below a path of PUBLIC_URL', () => {
  test('a submit names the place of the job there, and so do the links of the job', async () => {
    await using service = await openBelow('/jobs-service/')
    const answer = await submit(service.app)
    const self = `/jobs-service/jobs/${answer.json().job_id}`
    assert.equal(answer.headers.location, self)
    const shown = { self, ...Object.fromEntries(PARTS.map((part) => [part, `${self}/${part}`])) }
    const url = `/jobs/${answer.json().job_id}`
    assert.deepEqual((await service.app.inject({ url })).json().links, shown)
    assert.deepEqual((await service.app.inject({ url: '/jobs' })).json()[0].links, shown)
    assert.deepEqual((await post(service.app, `${url}/cancel`, '')).json().links, shown)
    assert.deepEqual((await post(service.app, `${url}/retry`, {})).json().links, shown)
    const waited = await submit(service.app, {}, { prefer: 'wait=0' })
    assert.equal(waited.json().links.self, waited.headers.location)
  })

  test('a schedule is named there, with its jobs and the one it fires', async () => {
    await using service = await openBelow('/jobs-service')
    const answer = await post(service.app, '/schedules?tenant=acme', SCHEDULE)
    const self = '/jobs-service/schedules/nightly?tenant=acme'
    assert.equal(answer.headers.location, self)
    assert.deepEqual(answer.json().links, { self, jobs: '/jobs-service/jobs?schedule=nightly&tenant=acme' })
    const fired = await post(service.app, '/schedules/nightly/run?tenant=acme', '')
    assert.equal(fired.headers.location, `/jobs-service/jobs/${fired.json().job_id}`)
  })

  test('a webhook tells of the job as it is read', async () => {
    await using service = await openBelow('/jobs-service', { WEBHOOK_SECRET })
    const id = await submitted(service.app, { callback_url: 'https://app.example.org/hook' })
    await service.jobs.cancel(id)
    const wish = { limit: 1, perHost: 1, maxBytes: 1_000_000, busy: new Map(), leaseMs: 60_000 }
    const { deliveries } = await service.engine.deliveries.claim(wish)
    const read = (await service.app.inject({ url: `/jobs/${id}` })).json()
    assert.deepEqual(JSON.parse(deliveries[0]?.body ?? '').data.links, read.links)
  })

  test('the description names the path as its server, and no path of its own twice', async () => {
    await using plain = await openTestService()
    const { servers, ...described } = (await plain.app.inject({ url: '/openapi.json' })).json()
    assert.equal(servers, undefined)
    for (const path of ['/jobs-service', '/jobs']) {
      await using service = await openBelow(path)
      const whole = (await service.app.inject({ url: '/openapi.json' })).json()
      assert.deepEqual(whole, { ...described, servers: [{ url: path }] })
    }
  })

  test('the API page loads its files from there', async () => {
    await using service = await openBelow('/jobs-service/')
    const { body } = await service.app.inject({ url: '/docs' })
    for (const [, file] of body.matchAll(/(?:src|href)="([^"]+)"/g))
      assert.match(String(file), /^\/jobs-service\/docs\//)
  })
})

describe('through a proxy that takes the path off', () => {
  test('places and links lead back to the service', async () => {
    await using service = await openProxied('/jobs-service')
    const { url, origin } = service
    const follow = async (link: string | null) => {
      const answer = await fetch(new URL(String(link), origin))
      assert.equal(answer.status, 200, String(link))
      return answer
    }
    const send = (path: string, body: object) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const place = (await send('/jobs', JOB)).headers.get('location')
    const { links } = (await (await follow(place)).json()) as { links: Record<string, string> }
    for (const name of ['self', 'files', 'outputs', 'logs', 'webhooks']) await follow(links[name] ?? '')
    await send('/jobs', JOB)
    const list = await fetch(`${url}/jobs?limit=1&status=queued`)
    const next = /^<(.*)>; rel="next"$/.exec(list.headers.get('link') ?? '')?.[1] ?? ''
    const [job] = (await (await follow(next)).json()) as [{ links: { self: string } }]
    assert.equal(job.links.self, place)
    const schedule = await follow((await send('/schedules', SCHEDULE)).headers.get('location'))
    await follow(((await schedule.json()) as { links: { jobs: string } }).links.jobs)
  })

  test('the client reads page after page, of jobs and of schedules', async () => {
    await using service = await openProxied('/jobs-service')
    const client = new JobClient({ url: service.url })
    const ids = [(await client.submitJob(JOB)).job_id, (await client.submitJob(JOB)).job_id]
    const newest = await client.listJobs({ limit: 1 })
    const oldest = await client.listJobs({ limit: 1, cursor: String(newest.next) })
    assert.deepEqual(
      [...oldest.jobs, ...newest.jobs].map(({ job_id }) => job_id),
      ids,
    )
    assert.equal(oldest.next, null)
    const { name: _, ...definition } = SCHEDULE
    for (const name of ['a', 'b']) await client.schedules.create(name, definition)
    const names: string[] = []
    for await (const { name } of client.schedules.all({ limit: 1 })) names.push(name)
    assert.deepEqual(names, ['a', 'b'])
  })
})
