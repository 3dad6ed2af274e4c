import { randomBytes } from 'node:crypto'
import { Api } from '../support/api.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

/**
 * How long, by default settings, jobs of a worker that dies stand still: from SIGKILL to their next attempt, and from
 * SIGTERM without a grace for what runs.
 */
const LIMITS = { SIGKILL: 45_000, SIGTERM: 2_000 } as const

/** As many as a worker runs at once by default. */
const JOBS = 3

await using stack = new AsyncDisposableStack()
const postgres = await startPostgres()
if (postgres === undefined) throw new Error('Recovery needs PostgreSQL, which was not found on this machine.')
stack.use(postgres)
const objects = stack.use(await tempFolder())
const shared = {
  DATABASE_URL: postgres.url,
  DATABASE_SCHEMA: `recovery_${randomBytes(5).toString('hex')}`,
  OBJECTS_DIR: objects.path,
  SIGNING_SECRET: 'a secret that all replicas share',
}
const front = await start('api')
const api = new Api(front.url)
for (const [signal, limitMs] of Object.entries(LIMITS)) {
  const tookMs = await measure(signal as keyof typeof LIMITS)
  process.stdout.write(
    `${JOBS} jobs run elsewhere ${(tookMs / 1_000).toFixed(2)} s after ${signal} (limit ${limitMs / 1_000} s)\n`,
  )
  if (tookMs > limitMs) process.exitCode = 1
}

async function measure(signal: keyof typeof LIMITS): Promise<number> {
  const doomed = await start('worker', signal === 'SIGTERM' ? { SHUTDOWN_GRACE_SECONDS: '0' } : {})
  const ids = await Promise.all(
    Array.from({ length: JOBS }, () => api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 120_000 } })),
  )
  for (const id of ids) await api.until(id, ({ progress }) => (progress?.percent ?? 0) > 0)
  const heir = await start('worker')
  const struckAt = performance.now()
  const ended = doomed.kill(signal)
  await Promise.all(ids.map((id) => api.until(id, ({ worker }) => worker?.includes(`-${heir.pid}-`) ?? false)))
  const tookMs = performance.now() - struckAt
  await ended
  await Promise.all(ids.map((id) => api.post(`/jobs/${id}/cancel`)))
  await Promise.all(ids.map((id) => api.ended(id)))
  await heir.kill('SIGTERM')
  return tookMs
}

async function start(role: string, settings: Record<string, string> = {}): Promise<ServiceProcess> {
  const data = stack.use(await tempFolder())
  return stack.use(await startService({ ...shared, ROLE: role, DATA_DIR: data.path, ...settings }))
}
