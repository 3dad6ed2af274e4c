import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFeatures } from '../../../src/cli/doctor/features.ts'
import { parseConfig } from '../../../src/config.ts'

const told = (settings: Record<string, string>): string[] =>
  checkFeatures(parseConfig(settings)).map(({ check, verdict, todo }) =>
    [check, verdict, ...(/^Set (\w+)/.exec(todo ?? '')?.slice(1) ?? [])].join(' '),
  )

const REPLICAS = { DATABASE_URL: 'postgres://host/db' }

test('what is off is told with the setting that turns it on', () => {
  assert.deepEqual(told({}), ['read tokens ok', 'webhooks off WEBHOOK_SECRET'])
  assert.deepEqual(told(REPLICAS), ['read tokens off SIGNING_SECRET', 'webhooks off WEBHOOK_SECRET'])
})

test('a secret turns on what it signs', () => {
  const secrets = { SIGNING_SECRET: 's'.repeat(32), WEBHOOK_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}` }
  assert.deepEqual(told({ ...REPLICAS, ...secrets }), ['read tokens ok', 'webhooks ok'])
})
