import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { signatureHeaders } from '../../src/webhook/signature.ts'

const secretOf = (bytes: number): string => randomBytes(bytes).toString('base64')

test('what is signed is what the library of Standard Webhooks takes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 24, max: 64 }), (value, bytes) => {
      const secret = secretOf(bytes)
      const body = JSON.stringify(value)
      const headers = signatureHeaders([secret], { id: '0197-5', at: Date.now(), body })
      assert.deepEqual(new Webhook(`whsec_${secret}`).verify(body, headers), JSON.parse(body))
      assert.throws(() => new Webhook(secret).verify(`${body} `, headers))
      assert.throws(() => new Webhook(secretOf(bytes)).verify(body, headers))
    }),
  )
})

test('while secrets are changed over, a receiver may know either', () => {
  const secrets = [secretOf(32), secretOf(32)]
  const headers = signatureHeaders(secrets, { id: 'a', at: Date.now(), body: '{}' })
  assert.equal(headers['webhook-signature']?.split(' ').length, 2)
  for (const secret of secrets) assert.deepEqual(new Webhook(secret).verify('{}', headers), {})
})
