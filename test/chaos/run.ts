import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { countJobs, readAudit } from './audit.ts'
import { historiesOf } from './check-audit.ts'
import { checkEffects, type Excuse } from './check-effects.ts'
import { checkJobs } from './check-jobs.ts'
import { checkForgotten, checkIdle, checkProcesses } from './check-left.ts'
import { readEffects } from './effects.ts'
import { type ChaosOptions, readOptions } from './options.ts'
import { type Fault, FRONTS, MEMBERS, type Plan, planOf } from './plan.ts'
import { openSite, type Site } from './site.ts'
import { healAll, strike } from './strikes.ts'
import { Traffic } from './traffic.ts'

/** Services under faults: whether every job that was accepted came to one end, and nothing is left. See `options.ts`. */
const options = readOptions(process.argv.slice(2))
const folder = mkdtempSync(join(tmpdir(), 'longshore-chaos-'))
const say = (text: string): void => void process.stdout.write(`${text}\n`)

say(
  `seed ${options.seed}: ${options.jobs} jobs, ${options.faults} faults in ${options.durationMs / 1000} s; logs in ${folder}`,
)
const plan = planOf(options)
writeFileSync(join(folder, 'plan.json'), JSON.stringify({ options, ...plan }, null, 1))
say(`the clock of "${MEMBERS[plan.wrongClock.member]?.name}" is off by ${plan.wrongClock.offsetMs / 60_000} minutes`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const violations = await runAll()
if (violations.length === 0) {
  say('nothing was lost, nothing was done twice, nothing is left')
  if (!options.keep) rmSync(folder, { recursive: true, force: true })
} else {
  for (const violation of violations.slice(0, 40)) say(`VIOLATION ${violation}`)
  writeFileSync(join(folder, 'violations.txt'), violations.join('\n'))
  say(`${violations.length} violations. Run it again with --seed ${options.seed}; the logs are in ${folder}`)
  process.exitCode = 1
}

async function runAll(): Promise<string[]> {
  let mark = ''
  const found = await (async () => {
    await using site = await openSite(folder, options, plan)
    mark = site.mark
    return await runAt(site, options, plan)
  })()
  return [...found, ...(await checkProcesses({ mark }))]
}

async function runAt(site: Site, options: ChaosOptions, plan: Plan): Promise<string[]> {
  const traffic = await Traffic.open(site)
  const startedAt = Date.now()
  const epochMs = startedAt - Number(process.hrtime.bigint() / 1000n) / 1000
  const struck: { fault: Fault; from: number; to: number }[] = []
  const faults = plan.faults.map(async (fault) => {
    await pause(fault.atMs)
    const from = Date.now()
    if (await strike(site, fault)) struck.push({ fault, from, to: Date.now() })
  })
  const errands = plan.errands.map(async (errand) => {
    await pause(errand.atMs)
    await traffic.run(errand)
  })
  await Promise.all(faults)
  healAll(site)
  say(`${struck.length} faults have struck: ${tallyOf(struck.map(({ fault }) => fault.kind))}`)
  const violations = await allWithin(errands, options.settleMs + options.durationMs)
  violations.push(...(await untilOver(site, options.settleMs)))
  const tookMs = Date.now() - startedAt

  const audit = await readAudit(site.postgres.url)
  writeFileSync(join(folder, 'audit.jsonl'), audit.map((row) => JSON.stringify(row)).join('\n'))
  const histories = historiesOf(audit)
  const effects = readEffects(site.effectsFile)
  const excuses = struck.map(({ fault, from, to }) => excuseOf(site, options, fault, from, to))
  const report = checkEffects(effects, histories, { excuses, patienceMs: options.leaseMs, epochMs })
  const urls = site.members.slice(0, FRONTS).map(({ url }) => url)
  violations.push(
    ...[...histories.values()].flatMap((history) => history.violations),
    ...report.violations,
    ...site.faults,
  )
  for (const { jobId } of traffic.accepted)
    if (!histories.has(jobId)) violations.push(`${jobId}: accepted, and never there`)
  violations.push(...(await checkJobs(urls, traffic.accepted, histories)), ...(await checkIdle(site)))
  violations.push(...faultsInLogs())
  violations.push(...(await checkForgotten(site, urls, traffic.accepted, options.settleMs)))
  const attempts = [...histories.values()].reduce((sum, history) => sum + history.attempts.length, 0)
  say(
    `${traffic.accepted.length} jobs accepted, ${attempts} attempts, ${effects.length} effects, ${report.zombies} zombies, ` +
      `${traffic.failures} requests made again, ${Math.round(tookMs / 1000)} s`,
  )
  return violations
}

/** Who was struck may take a while to hear of it; what strikes the database strikes all. */
function excuseOf(site: Site, { leaseMs }: ChaosOptions, fault: Fault, from: number, to: number): Excuse {
  const isOfAll = fault.kind.startsWith('database') || fault.kind === 'listeners-ended'
  const member = site.members[fault.member]
  const concerns = (worker: string): boolean =>
    isOfAll || (member?.pids.some((pid) => worker.includes(`-${pid}-`)) ?? false)
  return { concerns, from, to: to + 3 * leaseMs }
}

async function allWithin(errands: readonly Promise<void>[], ms: number): Promise<string[]> {
  const failures: string[] = []
  const all = Promise.all(errands.map((errand) => errand.catch((failure: Error) => failures.push(failure.message))))
  const isOver = await Promise.race([all.then(() => true), pause(ms, false, { ref: false })])
  return isOver ? failures : [...failures, `clients still wait ${ms / 1000} s later`]
}

/** Waits until every job is final, and every service is there again. */
async function untilOver({ postgres, schema, members }: Site, settleMs: number): Promise<string[]> {
  const deadline = performance.now() + settleMs
  for (;;) {
    const { byPhase } = await countJobs(postgres.url, schema)
    const [delayed = 0, ready = 0, processing = 0] = byPhase
    const down = members.filter(({ isUp }) => !isUp).map(({ name }) => name)
    if (delayed + ready + processing === 0 && down.length === 0) return []
    if (performance.now() > deadline) {
      return [`after ${settleMs / 1000} s of peace ${delayed + ready} jobs wait, ${processing} run; down: ${down}`]
    }
    await pause(200)
  }
}

/** Errors of our own in what services and clients wrote down. */
function faultsInLogs(): string[] {
  const files = [...MEMBERS.map(({ name }) => `${name}.log`), 'clients.log']
  return files.flatMap((file) =>
    readFileSync(join(folder, file), { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter((line) => line.includes('"level":60') || /\bINTERNAL\b/.test(line))
      .map((line) => `${file}: ${line.slice(0, 500)}`),
  )
}

function tallyOf(names: readonly string[]): string {
  return [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${name} ${all.length}`).join(', ')
}
