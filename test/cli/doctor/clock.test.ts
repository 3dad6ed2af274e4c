import assert from 'node:assert/strict'
import { once } from 'node:events'
import { utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkClock, watchClock } from '../../../src/cli/doctor/clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

/** A store whose clock shows this time. */
async function storeAt(now: number) {
  const server = createServer((_request, reply) => reply.setHeader('date', new Date(now).toUTCString()).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, [Symbol.asyncDispose]: async () => void server.close() }
}

for (const [offMs, verdict, said] of [
  [0, 'ok', /^2026-01-01T12:00:00\.000Z, as that of http/],
  [30_000, 'ok', /as that of/],
  [-90_000, 'warning', /^The clock is 9[01] s behind that of http/],
  [5 * 60_000, 'warning', /^The clock is 5 min ahead of that of http/],
  [16 * 60_000, 'failed', /^The clock is 16 min ahead of that of .*, so that S3 refuses every request$/],
  [-86_400_000, 'failed', /^The clock is 1440 min behind that of/],
] as const) {
  test(`a clock that is ${offMs / 1000} s off that of the store: ${verdict}`, async () => {
    await using store = await storeAt(NOON)
    const finding = await checkClock(new ManualClock(NOON + offMs), undefined, store.url)
    assert.equal(finding.verdict, verdict)
    assert.match(finding.message, said)
    assert.equal(finding.todo?.includes('NTP') ?? false, verdict !== 'ok')
  })
}

test('without a store that tells the time there is nothing to compare with', async () => {
  for (const store of [undefined, 'http://127.0.0.1:9']) {
    const finding = await checkClock(new ManualClock(NOON), undefined, store)
    assert.equal(finding.verdict, 'ok')
    assert.match(finding.message, /there is no store to compare it with$/)
  }
})

test('a clock that lies behind what the service wrote went back', async () => {
  await using folder = await tempFolder()
  const file = join(folder.path, 'longshore.db')
  await writeFile(file, '')
  await utimes(file, new Date(NOON), new Date(NOON))
  assert.equal((await checkClock(new ManualClock(NOON), folder.path, undefined)).verdict, 'ok')
  const finding = await checkClock(new ManualClock(NOON - 10 * 60_000), folder.path, undefined)
  assert.equal(finding.verdict, 'warning')
  assert.equal(finding.message, 'The clock is 10 min behind the files of the data folder: it went back')
})

test('a clock that is moved while it is watched is told', async () => {
  const clock = new ManualClock(NOON)
  let steadyMs = 0
  const moved = watchClock(clock, () => steadyMs)
  await clock.advance(5000)
  steadyMs += 5000
  assert.equal(moved(), undefined)
  await clock.advance(30_000)
  assert.equal(moved()?.message, 'The clock was moved by 30 s during this check')
  assert.equal(moved()?.verdict, 'warning')
})
