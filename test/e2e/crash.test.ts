import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Api } from '../support/api.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const JOBS = 300
const KILLS = 20
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000)

/** A small linear congruential generator (Numerical Recipes): the same seed kills at the same moments. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Waits until `count` submits have been answered, so that kills fall among the work whatever the machine's speed. */
class Tally {
  #count = 0
  #waiting: { at: number; resolve: () => void }[] = []

  add(): void {
    this.#count += 1
    for (const { resolve } of this.#waiting.filter(({ at }) => at <= this.#count)) resolve()
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#count)
  }

  reaches(at: number): Promise<void> {
    if (this.#count >= at) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ at, resolve }))
  }
}

test(`whatever the moment of a crash, every accepted job completes exactly once (CRASH_SEED=${SEED})`, async (t) => {
  t.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED)
  await using folder = await tempFolder()
  const settings = {
    DATA_DIR: folder.path,
    MAX_CONCURRENT_JOBS: '8',
    MAX_ATTEMPTS: '100',
    LOG_LEVEL: 'info',
    RETRY_BASE_SECONDS: '0',
  }
  let service = await startService(settings)
  const tally = new Tally()
  const accepted = new Set<string>()

  const submitAll = async (): Promise<void> => {
    for (let i = 0; i < JOBS; ) {
      const current = service
      const name = `file-${i}.txt`
      const options = { parameters: { workMs: i % 3 === 0 ? 30 : 0, records: i % 5 === 0 ? 3 : 0 } }
      const id = await new Api(current.url).upload({ [name]: `contents of ${i}` }, options).catch(() => undefined)
      if (id !== undefined) {
        accepted.add(id)
        tally.add()
        i += 1
      } else {
        await current.ended
        await restarted
      }
    }
  }

  let restarted: Promise<void> = Promise.resolve()
  const killAll = async (): Promise<void> => {
    for (let kill = 1; kill <= KILLS; kill++) {
      await tally.reaches(Math.floor((kill * JOBS) / (KILLS + 2) - random() * 10))
      for (let turn = Math.floor(random() * 40); turn > 0; turn--) await fetch(`${service.url}/healthz`).catch(() => {})
      const { promise, resolve } = Promise.withResolvers<void>()
      restarted = promise
      await service.kill('SIGKILL')
      service = await startService(settings)
      resolve()
    }
  }

  try {
    await Promise.all([submitAll(), killAll()])
    assert.equal(accepted.size, JOBS)
    const known = await allJobs(service)
    for (const id of accepted) assert.ok(known.has(id), `${id} was accepted and is lost`)
    await assertAllCompleted(service, known)
    assertNothingLeft(folder.path, known)
  } finally {
    await service.kill('SIGKILL')
  }
})

/** Every job there is: those that were answered, and those whose answer a kill cut off. */
async function allJobs(service: ServiceProcess): Promise<Set<string>> {
  const ids = new Set<string>()
  let next: string | undefined = '/jobs?limit=100'
  while (next !== undefined) {
    const answer: Response = await fetch(new URL(next, service.url))
    for (const { job_id } of (await answer.json()) as { job_id: string }[]) ids.add(job_id)
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
  }
  return ids
}

async function assertAllCompleted(service: ServiceProcess, known: ReadonlySet<string>): Promise<void> {
  const api = new Api(service.url)
  for (const id of known) {
    const job = await api.ended(id)
    assert.equal(job.status, 'completed', `${id}: ${job.error}`)
    const events = await api.events(id)
    const finals = events.filter(({ event }) => ['job.completed', 'job.failed', 'job.cancelled'].includes(event))
    assert.equal(finals.length, 1, `${id} was settled ${finals.length} times`)
    assert.deepEqual(
      events.map((event) => event.id),
      events.map((_, i) => i + 1),
    )
  }
}

function assertNothingLeft(dataDir: string, known: ReadonlySet<string>): void {
  const listing = (path: string): string[] =>
    existsSync(path) ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : []
  assert.deepEqual(listing(join(dataDir, 'work')), [], 'work folders are left over')
  const uploads = listing(join(dataDir, 'objects/longshore/datasets')).filter((name) => name.includes('/'))
  const orphans = uploads.filter((name) => !known.has(name.split('/')[0] ?? ''))
  assert.deepEqual(orphans, [], 'uploads that never became a job are left over')
  const stray = listing(join(dataDir, 'objects')).filter((name) => /(^|\/)\.(tmp|uploads)\/./.test(name))
  assert.deepEqual(stray, [], 'half-written objects are left over')
}
