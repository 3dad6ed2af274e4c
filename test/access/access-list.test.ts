import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessList, UNLIMITED } from '../../src/access/access-list.ts'
import { digestOf, formatKeyEntry } from '../../src/access/api-key.ts'

const KEY = 'a-key-of-enough-characters'

test('a key is found by itself alone', () => {
  const access = new AccessList([KEY, formatKeyEntry(`${KEY}2`, { name: 'second' })], UNLIMITED)
  assert.equal(access.find(`${KEY}2`)?.name, 'second')
  for (const wrong of ['', `${KEY}3`, KEY.toUpperCase(), formatKeyEntry(KEY), digestOf(KEY).toString('hex')]) {
    assert.equal(access.find(wrong), undefined)
  }
})

test('a tenant has the limits of its entry, and the defaults where that says nothing', () => {
  const defaults = { ...UNLIMITED, queuedJobs: 100, openIngests: 4 }
  const access = new AccessList(
    [KEY, 'tenant:acme;max_queued_jobs=5;max_schedules=3;rate_limit_per_minute=60;max_open_ingests=0;concurrency=3'],
    defaults,
  )
  const own = { ...UNLIMITED, queuedJobs: 5, schedules: 3, runningJobs: 3, requestsPerMinute: 60 }
  assert.deepEqual(access.limitsOf('acme'), own)
  assert.deepEqual(access.limitsOf('zeta'), defaults)
  assert.deepEqual(access.limitsOf(null), UNLIMITED)
})

test('wrong entries change nothing, and the fault says which', () => {
  const access = new AccessList([KEY], UNLIMITED)
  for (const [entries, message] of [
    [[], 'expected at least one key'],
    [['tenant:acme'], 'expected at least one key'],
    [[KEY, formatKeyEntry(KEY)], /^entry 2: the key of key-\w{6} is there already$/],
    [[KEY, 'tenant:acme', 'tenant:acme'], 'entry 3: the limits of tenant acme are there already'],
    [[KEY, 'tenant:acme;queue=1'], /^entry 2: expected no attributes but max_queued_jobs=/],
    [[KEY, 'tenant:acme;max_open_ingests=-1'], /^entry 2: expected max_open_ingests to be/],
    [['too short'], /^entry 1: expected a key/],
  ] as const) {
    assert.throws(() => access.replace(entries), { message })
    assert.ok(access.find(KEY))
  }
})
