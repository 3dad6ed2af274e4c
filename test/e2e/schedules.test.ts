import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { JobClient } from '@longshore/client'
import { Api } from '../support/api.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startService } from '../support/service-process.ts'
import { openSite, type Site } from '../support/site.ts'
import { tempFolder } from '../support/temp-folder.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

/** Replicas of one service that may fire every second. */
const openSchedules = (): Promise<Site> => openSite(server, { MIN_SCHEDULE_INTERVAL_SECONDS: '1' })

/** An input for jobs that end at once. */
async function inputOf(api: Api): Promise<string> {
  const id = await api.upload({ 'a.txt': 'a' })
  await api.ended(id)
  return `s3://longshore/datasets/${id}/a.txt`
}

/** The ticks of the jobs that schedules made, oldest first. */
async function ticksOf(client: JobClient, schedule: string): Promise<number[]> {
  const ticks: number[] = []
  for await (const job of client.allJobs({ schedule, limit: 100 })) ticks.push(Date.parse(job.schedule?.tick ?? ''))
  return ticks.sort((a, b) => a - b)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(100)
}

test('three replicas, one killed after the other: every tick fires once, and the last one goes on', {
  skip,
}, async () => {
  await using site = await openSchedules()
  const [first, second, third] = await Promise.all([site.start(), site.start({ ROLE: 'api' }), site.start()])
  const file = await inputOf(new Api(third.url))
  const [near, far] = [first, third].map(({ url }) => new JobClient({ url })) as [JobClient, JobClient]
  const definition = { cron: '* * * * * *', job: { manifest_inline: { files: [file] } } }
  const names = Array.from({ length: 20 }, (_, n) => `s${n}`)
  for (const name of names) await near.schedules.create(name, { ...definition, misfire: 'catch_up', overlap: 'allow' })
  const fired = async (): Promise<number> => (await far.schedules.get('s19')).counts.fired
  await until(async () => (await fired()) >= 2)
  await first.kill('SIGKILL')
  const afterFirst = await fired()
  await until(async () => (await fired()) >= afterFirst + 2)
  await second.kill('SIGKILL')
  const afterSecond = await fired()
  await until(async () => (await fired()) >= afterSecond + 2)
  for (const name of names) await far.schedules.pause(name)
  for (const name of names) {
    const ticks = await ticksOf(far, name)
    const { counts } = await far.schedules.get(name)
    assert.deepEqual([counts.missed, counts.skipped, counts.fired], [0, 0, ticks.length], name)
    const seconds = ticks.map((tick) => tick / 1000 - (ticks[0] ?? 0) / 1000)
    assert.deepEqual(
      seconds,
      ticks.map((_, n) => n),
      `${name}: one job for each second`,
    )
  }
})

test('another replica fires what one wrote, before its next heartbeat', { skip }, async () => {
  await using site = await openSchedules()
  const quiet = { LEASE_SECONDS: '3600' }
  const [writer, other] = await Promise.all([site.start(quiet), site.start(quiet)])
  const file = await inputOf(new Api(other.url))
  const definition = { cron: '* * * * * *', job: { manifest_inline: { files: [file] } } }
  await new JobClient({ url: writer.url }).schedules.create('every-second', definition)
  await writer.kill('SIGKILL')
  const client = new JobClient({ url: other.url })
  await until(async () => (await client.schedules.get('every-second')).counts.fired >= 2)
})

test('after a kill and an outage the embedded service fires the newest tick and says what it missed', async () => {
  await using data = await tempFolder()
  const settings = { DATA_DIR: data.path, MIN_SCHEDULE_INTERVAL_SECONDS: '1' }
  let before: number
  {
    await using service = await startService(settings)
    const client = new JobClient({ url: service.url })
    const file = await inputOf(new Api(service.url))
    const job = { manifest_inline: { files: [file] } }
    await client.schedules.create('every-second', { cron: '* * * * * *', overlap: 'allow', job })
    await until(async () => (await client.schedules.get('every-second')).counts.fired >= 1)
    await service.kill('SIGKILL')
    before = Date.now()
  }
  await pause(2_500)
  await using service = await startService(settings)
  const client = new JobClient({ url: service.url })
  await until(async () => (await client.schedules.get('every-second')).last_skip !== null)
  const { last_skip, counts } = await client.schedules.get('every-second')
  assert.equal(last_skip?.reason, 'missed')
  assert.ok(counts.missed >= 1)
  await client.schedules.pause('every-second')
  const ticks = await ticksOf(client, 'every-second')
  assert.equal(new Set(ticks).size, ticks.length, 'no tick fires twice')
  assert.ok(ticks.some((tick) => tick > before))
  assert.ok(service.lines.some((line) => line.includes('schedule.skipped') && line.includes('"reason":"missed"')))
})
