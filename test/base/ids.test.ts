import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { newId } from '../../src/base/ids.ts'

test('ids are UUIDs of version 7 and begin with their time', () => {
  const now = Date.UTC(2026, 10, 20)
  const ids = Array.from({ length: 1000 }, () => newId(now))
  assert.ok(ids.every((id) => z.uuidv7().safeParse(id).success))
  assert.equal(new Set(ids).size, ids.length)
  assert.equal(Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16), now)
  assert.ok(newId(now) < newId(now + 1))
  newId(now + 0.5)
  assert.ok(z.uuidv7().safeParse(newId()).success)
})
