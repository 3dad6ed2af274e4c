import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type CliEnd, cli } from './cli.ts'
import { normal } from './normal.ts'

const SETTINGS = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' }
const ID = '01234567-89ab-7cde-8f01-23456789abcd'

async function open() {
  const receiver = await openReceiver((n, response) => response.writeHead(n === 1 ? 410 : 200).end())
  const service = await openService(SETTINGS)
  const folder = await tempFolder()
  const file = join(folder.path, 'hello.txt')
  await writeFile(file, 'hello\n')
  return {
    file,
    receiver,
    run: (...args: string[]): Promise<CliEnd> => cli(args, { env: { LONGSHORE_URL: service.api.url } }),
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await receiver[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** The newest delivery of a job, once it is over. */
async function over(place: Awaited<ReturnType<typeof open>>, id: string) {
  for (;;) {
    const { stdout } = await place.run('webhooks', 'list', id, '--json')
    const newest = stdout === '' ? undefined : JSON.parse(stdout.split('\n', 1)[0] ?? '')
    if (newest?.next_at === null && newest.status !== 'sending') return newest
  }
}

test('submit takes a callback URL; what it was told is listed, and told once more', async () => {
  await using place = await open()
  const { url } = place.receiver
  const id = (await place.run('submit', place.file, '--callback-url', `${url}?token=x`, '-q')).stdout.trim()
  const failed = await over(place, id)
  assert.equal(failed.status, 'failed')
  assert.match((await place.run('job', id)).stdout, /^tells +http:\/\/127\.0\.0\.1:\d+\/hook\?…$/m)
  const listed = await place.run('webhooks', 'list', id)
  assert.equal(
    normal(listed.stdout, { [url]: 'URL' }).split('\n')[1],
    `${ID}-${failed.delivery_id.slice(37)}  failed      1  job.completed  It answered 410: it is gone, and is told no more.  URL?…`,
  )
  const resent = await place.run('webhooks', 'resend', id)
  assert.deepEqual([resent.code, resent.stdout], [0, `${failed.delivery_id} is pending\n`])
  assert.equal(resent.stderr, `To see what comes of it: longshore webhooks list ${id}\n`)
  const delivered = await over(place, id)
  assert.deepEqual([delivered.status, delivered.attempts.length], ['delivered', 2])
  const again = await place.run('webhooks', 'resend', id, failed.delivery_id, '--json')
  assert.equal(JSON.parse(again.stdout).delivery_id, failed.delivery_id)
})

test('a job that tells nobody says so', async () => {
  await using place = await open()
  const id = (await place.run('submit', place.file, '-q')).stdout.trim()
  const { code, stdout, stderr } = await place.run('webhooks', 'list', id)
  assert.deepEqual([code, stdout, stderr], [0, '', 'Nobody was told of an end of this job.\n'])
  const resent = await place.run('webhooks', 'resend', id)
  assert.equal(resent.code, 1)
  assert.match(resent.stderr, /^error: Job .* has told nobody.*\(DELIVERY_NOT_FOUND\)$/m)
  const unknown = await place.run('webhooks', 'resend', id, 'no-such')
  assert.match(unknown.stderr, /has no delivery no-such\. .*\(DELIVERY_NOT_FOUND\)$/m)
})
