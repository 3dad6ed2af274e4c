import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Job } from '../../src/contract/job.ts'
import { Problem } from '../../src/contract/problem.ts'
import { ROUTES } from '../../src/contract/routes.ts'
import type { Lease } from '../../src/job/job.ts'
import { mayHappen } from '../../src/job/transitions.ts'
import { openTestService, type TestService } from '../support/test-service.ts'

/** Events that leave the state as it was or move it, checked one after the other. */
async function assertLegalHistory(service: TestService, id: string): Promise<void> {
  let state: Parameters<typeof mayHappen>[1] = 'none'
  for (const event of await service.engine.since(id, 0, 1000)) {
    assert.ok(mayHappen(event.type, state), `${event.type} in ${state}`)
    state = event.state
  }
}

type Step =
  | { do: 'submit'; key?: string; group?: string; attempts?: number }
  | { do: 'cancel' | 'retry' | 'delete' | 'read' | 'events' | 'files'; job: number }
  | { do: 'claim' | 'list' }
  | { do: 'settle'; outcome: 'completed' | 'failed' | 'interrupted' | 'cancelled' | 'expired' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record(
    {
      do: fc.constant('submit' as const),
      key: fc.constantFrom('k1', 'k2'),
      group: fc.constantFrom('g', 'h'),
      attempts: fc.constantFrom(1, 2),
    },
    { requiredKeys: ['do'] },
  ),
  fc.record({
    do: fc.constantFrom(
      'cancel' as const,
      'retry' as const,
      'delete' as const,
      'read' as const,
      'events' as const,
      'files' as const,
    ),
    job: fc.nat(5),
  }),
  fc.record({ do: fc.constantFrom('claim' as const, 'list' as const) }),
  fc.record({
    do: fc.constant('settle' as const),
    outcome: fc.constantFrom(
      'completed' as const,
      'failed' as const,
      'interrupted' as const,
      'cancelled' as const,
      'expired' as const,
    ),
  }),
)

class Session {
  readonly service: TestService
  readonly ids: string[] = []
  readonly leases: Lease[] = []

  constructor(service: TestService) {
    this.service = service
  }

  async take(action: Step): Promise<void> {
    if (action.do === 'submit') return this.#submit(action)
    if (action.do === 'claim') return this.#claim()
    if (action.do === 'settle') return this.#settle(action.outcome)
    if (!('job' in action)) return this.#check({ url: '/jobs?limit=100' })
    const id = this.ids[action.job % Math.max(1, this.ids.length)] ?? 'none'
    const suffix = { cancel: '/cancel', retry: '/retry', events: '/files', files: '/logs', read: '', delete: '' }[
      action.do
    ]
    const method = action.do === 'delete' ? 'DELETE' : suffix === '/cancel' || suffix === '/retry' ? 'POST' : 'GET'
    return this.#check({ method, url: `/jobs/${id}${suffix}` })
  }

  async #submit({ key, group, attempts }: Step & { do: 'submit' }): Promise<void> {
    const payload = {
      manifest_uri: 's3://longshore/m',
      ...(group && { group }),
      ...(attempts && { max_attempts: attempts }),
    }
    const headers = key ? { 'idempotency-key': key } : {}
    const answer = await this.service.app.inject({ method: 'POST', url: '/jobs', headers, payload })
    assert.ok([202, 422].includes(answer.statusCode), answer.body)
    if (answer.statusCode === 202) this.ids.push(answer.json().job_id)
  }

  async #check(request: { method?: 'GET' | 'POST' | 'DELETE'; url: string }): Promise<void> {
    const answer = await this.service.app.inject(request)
    assert.ok(answer.statusCode < 500, answer.body)
    if (answer.statusCode >= 400) Problem.parse(answer.json())
  }

  async #claim(): Promise<void> {
    const { states, oldestDueAt } = await this.service.jobs.counts()
    if (states.queued === 0 || oldestDueAt === null || oldestDueAt > Date.now()) return
    this.leases.push(await this.service.claim())
  }

  /** Also with leases that are long stale. */
  async #settle(type: (Step & { do: 'settle' })['outcome']): Promise<void> {
    const lease = this.leases[0]
    if (lease === undefined) return
    if (type === 'completed') await this.service.settle(lease, { type, result: null, outputs: [] })
    else if (type === 'failed')
      await this.service.settle(lease, { type, code: 'PROCESSOR_FAILED', message: 'x', retryable: true })
    else await this.service.settle(lease, { type })
    if (type !== 'expired') this.leases.push(...this.leases.splice(0, 1))
  }
}

test('no sequence of calls makes a 500 or an illegal state', async () => {
  await using service = await openTestService({ settings: { RETRY_BASE_SECONDS: '0' } })
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const session = new Session(service)
    for (const action of steps) await session.take(action)
    for (const id of new Set(session.ids)) {
      await assertLegalHistory(service, id)
      const answer = await service.app.inject({ url: `/jobs/${id}` })
      if (answer.statusCode === 200) Job.strict().parse(answer.json())
    }
  })
  await fc.assert(property, { numRuns: 60 })
})

test('no request whatever makes a 500 or an answer that is not a problem', async () => {
  await using service = await openTestService()
  // A stream of events does not end by itself.
  const routes = Object.values(ROUTES).filter(({ path }) => !path.endsWith('/events'))
  const segment = fc.oneof(
    fc.string({ minLength: 1 }).map(encodeURIComponent),
    fc.constantFrom('%00', '..', '%ff', 'x'),
  )
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          manifest_uri: fc.oneof(fc.string(), fc.constant('s3://longshore/m')),
          manifest_inline: fc.oneof(fc.anything(), fc.record({ files: fc.array(fc.string()) })),
          files: fc.array(
            fc.record({ filename: fc.string({ unit: 'binary' }), size_bytes: fc.oneof(fc.integer(), fc.double()) }),
          ),
          parameters: fc.jsonValue(),
          labels: fc.dictionary(fc.string(), fc.string()),
          priority: fc.oneof(fc.integer({ min: -2000, max: 2000 }), fc.double()),
          run_at: fc.oneof(fc.string(), fc.constant('2030-01-01T00:00:00Z')),
          group: fc.string({ unit: 'binary' }),
          job_id: fc.string(),
          file_id: fc.string(),
          upload_id: fc.string(),
          parts: fc.array(fc.record({ PartNumber: fc.integer(), ETag: fc.string() })),
          part_numbers: fc.array(fc.integer()),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  )
  const property = fc.asyncProperty(
    fc.constantFrom(...routes),
    fc.array(segment, { minLength: 3, maxLength: 3 }),
    fc.oneof(
      fc.constant(''),
      fc
        .dictionary(
          fc.constantFrom('limit', 'cursor', 'status', 'label', 'wait', 'tail', 'expires', 'signature', 'x'),
          fc.string(),
        )
        .map((query) => `?${new URLSearchParams(query)}`),
    ),
    body,
    fc.constantFrom('application/json', 'multipart/form-data; boundary=b', 'text/plain'),
    async ({ method, path }, segments, query, payload, type) => {
      let next = 0
      const url = path.replaceAll(/:\w+|\*/g, () => segments[next++] ?? 'x') + query
      const headers = method === 'GET' || method === 'DELETE' ? {} : { 'content-type': type }
      const answer = await service.app.inject({
        method,
        url,
        headers,
        ...(Object.keys(headers).length > 0 && { payload }),
      })
      assert.ok(answer.statusCode < 500, `${method} ${url}: ${answer.body}`)
      if (answer.statusCode >= 400) assert.equal(Problem.parse(answer.json()).status, answer.statusCode)
    },
  )
  await fc.assert(property, { numRuns: 1500 })
})
