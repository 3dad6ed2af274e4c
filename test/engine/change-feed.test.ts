import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChangeListener, JobGlance } from '../../src/engine/activity.ts'
import { ChangeFeed, type Pulse } from '../../src/engine/change-feed.ts'
import { ManualClock } from '../support/manual-clock.ts'

function glance(id: string, version: number, tenant: string | null = null): JobGlance {
  const times = { createdAt: 0, updatedAt: version, startedAt: null, completedAt: null, cancelRequestedAt: null }
  return {
    id,
    version,
    tenant,
    ...times,
    state: 'queued',
    attempt: 0,
    worker: null,
    progress: { stage: 'x' },
    error: null,
  }
}

/** A feed whose jobs change as the test says. */
function bench() {
  const clock = new ManualClock()
  const listeners = new Set<ChangeListener>()
  const watch = (listener: ChangeListener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const change = (job: JobGlance | undefined): void => {
    for (const listener of listeners) listener(job)
  }
  return { clock, listeners, change, feed: new ChangeFeed({ watch }, clock) }
}

/** Begins to read: the answer is the next pulse. */
function reading(pulses: AsyncGenerator<Pulse, void>): Promise<Pulse> {
  return pulses.next().then(({ value }) => value as Pulse)
}

describe('a feed of all changes', () => {
  test('a job that changes often is told once a pulse, as it is then', async () => {
    const { clock, change, feed } = bench()
    const next = reading(feed.follow(null, new AbortController().signal))
    change(glance('a', 1))
    change(glance('b', 1))
    change(glance('a', 2))
    clock.advance(500)
    const { jobs, more } = await next
    assert.deepEqual(
      jobs.map(({ id, version }) => `${id}${version}`),
      ['a2', 'b1'],
    )
    assert.equal(more, false)
  })

  test('a tenant hears of its own jobs alone', async () => {
    const { clock, change, feed } = bench()
    const next = reading(feed.follow('acme', new AbortController().signal))
    change(glance('a', 1, 'other'))
    change(glance('b', 1))
    change(glance('c', 1, 'acme'))
    clock.advance(500)
    assert.deepEqual(
      (await next).jobs.map(({ id }) => id),
      ['c'],
    )
  })

  test('of very many jobs some are told and the rest is said to be more', async () => {
    const { clock, change, feed } = bench()
    const next = reading(feed.follow(null, new AbortController().signal))
    for (let i = 0; i < 10_000; i++) change(glance(`job-${i}`, 1))
    clock.advance(500)
    const { jobs, more } = await next
    assert.equal(jobs.length, 100)
    assert.equal(more, true)
  })

  test('a slow reader is given the newest of each job, whatever it missed', async () => {
    const { clock, change, feed } = bench()
    const pulses = feed.follow(null, new AbortController().signal)
    const first = reading(pulses)
    for (let version = 1; version <= 50; version++) {
      for (let i = 0; i < 80; i++) change(glance(`job-${i}`, version))
      clock.advance(500)
    }
    const { jobs } = await first
    assert.equal(jobs.length, 80)
    assert.deepEqual([...new Set(jobs.map(({ version }) => version))], [50])
  })

  test('nothing is heard and no timer waits once nobody reads', async () => {
    const { clock, change, listeners, feed } = bench()
    const stop = new AbortController()
    const pulses = feed.follow(null, stop.signal)
    const next = pulses.next()
    change(glance('a', 1))
    assert.deepEqual([listeners.size, clock.pending], [1, 1])
    stop.abort()
    assert.equal((await next).done, true)
    assert.deepEqual([listeners.size, clock.pending], [0, 0])
  })
})
