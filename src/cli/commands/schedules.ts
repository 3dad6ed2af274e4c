import type { Schedule, ScheduleDefinition, ScheduleOptions } from '@longshore/client'
import { Command, Option } from 'commander'
import type { CliContext } from '../context.ts'
import { UsageError } from '../failures.ts'
import { amount, collect, type ServiceOptions, wholeNumber, withServiceOptions } from '../options.ts'
import { showInstant } from '../render/quantities.ts'
import { renderSchedule, renderSchedules } from '../render/schedules.ts'
import { openSession, type Session } from '../session.ts'
import { jobOptionsOf } from '../submit/job-options.ts'
import { readPair, readParam, readParameters } from '../submit/parameters.ts'
import type { SubmitOptions } from '../submit/submit-options.ts'

interface TenantOptions extends ServiceOptions {
  readonly tenant?: string
}

interface CreateOptions extends TenantOptions, Omit<SubmitOptions, 'delay' | 'idempotencyKey'> {
  readonly timezone?: string
  readonly misfire?: ScheduleDefinition['misfire']
  readonly catchUpLimit?: number
  readonly grace?: number
  readonly overlap?: ScheduleDefinition['overlap']
  readonly paused?: true
  readonly replace?: true
  readonly file?: readonly string[]
}

/** `longshore schedules`: cron entries that submit jobs. */
export function schedulesCommand(context: CliContext): Command {
  return new Command('schedules')
    .summary('list, create, pause and fire cron entries that submit jobs')
    .description('Cron entries of a service: each submits a job at its ticks.')
    .addCommand(listCommand(context))
    .addCommand(createCommand(context))
    .addCommand(showCommand(context))
    .addCommand(stateCommand(context, 'pause', 'let the ticks of a schedule pass by', 'is paused'))
    .addCommand(stateCommand(context, 'resume', 'fire again, from the next tick on', 'fires again'))
    .addCommand(runCommand(context))
    .addCommand(deleteCommand(context))
}

const EXAMPLES = `
Examples:
  longshore schedules create nightly '30 2 * * *' --timezone Europe/Berlin --manifest s3://bucket/list.jsonl
  longshore schedules create hourly @hourly --file s3://bucket/a.dat -p threshold=0.4 --overlap allow`

function createCommand(context: CliContext): Command {
  const command = new Command('create')
    .description('create a schedule, or with --replace make one that is there so')
    .argument('<name>', 'name of the schedule')
    .argument('<cron>', 'minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly')
    .optionsGroup('Ticks:')
    .option('--timezone <name>', 'IANA name, e.g. Europe/Berlin; UTC unless given')
    .addOption(
      new Option(
        '--misfire <policy>',
        'ticks at which the service was away: none fires, the newest, the newest few',
      ).choices(['skip', 'once', 'catch_up']),
    )
    .option('--catch-up-limit <n>', 'how many catch_up makes up for', wholeNumber(1, 100))
    .option('--grace <seconds>', 'how late a tick may fire with skip', wholeNumber(1, 86_400))
    .addOption(
      new Option(
        '--overlap <policy>',
        'while the last job runs: fire beside it, skip the tick, cancel that job',
      ).choices(['allow', 'skip', 'replace']),
    )
    .option('--paused', 'let ticks pass by until it is resumed')
    .option('--replace', 'replace a schedule of this name')
    .optionsGroup('Job:')
    .option('--manifest <uri>', 's3 URI of a list of objects, which each job reads')
    .option('--file <uri>', 's3 URI of an input; may be given several times', collect(String))
    .option('-p, --param <name=value>', 'a parameter, JSON or a string; may be given several times', collect(readParam))
    .option('--params <json>', 'all parameters as JSON, or as @file')
    .option('-l, --label <name=value>', 'label to find its jobs by; may be given several times', collect(readPair))
    .option('--priority <n>', 'larger runs first; 0 unless given', wholeNumber(-1000, 1000))
    .option('--group <name>', 'groups take turns, and may have a limit each')
    .option('--max-attempts <n>', 'how often a job is tried', wholeNumber(1, 100))
    .option('--timeout <seconds>', 'how long one attempt may take', amount)
    .option('--callback-url <url>', 'tell this URL when a job has ended, by a signed webhook')
  return withTenant(command)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, cron: string, options: CreateOptions) => {
      const definition = await definitionOf(cron, options)
      const session = await openSession(context, options)
      const { schedules } = session.client
      const how = howOf(session, options)
      const put = options.replace ? schedules.put.bind(schedules) : schedules.create.bind(schedules)
      printOne(session, await put(name, definition, how))
    })
}

async function definitionOf(cron: string, options: CreateOptions): Promise<ScheduleDefinition> {
  const { manifest, file, timezone, misfire, catchUpLimit, grace, overlap, paused } = options
  if ((manifest === undefined) === (file === undefined)) {
    throw new UsageError('say what each job works on: --manifest, or one or more --file')
  }
  const parameters = await readParameters(options)
  return {
    cron,
    ...(timezone !== undefined && { timezone }),
    ...(misfire !== undefined && { misfire }),
    ...(catchUpLimit !== undefined && { catch_up_limit: catchUpLimit }),
    ...(grace !== undefined && { grace_seconds: grace }),
    ...(overlap !== undefined && { overlap }),
    ...(paused && { paused }),
    job: {
      ...(manifest !== undefined ? { manifest_uri: manifest } : { manifest_inline: { files: [...(file ?? [])] } }),
      ...jobOptionsOf(options),
      ...(parameters !== undefined && { parameters }),
    },
  }
}

function listCommand(context: CliContext): Command {
  const command = new Command('list').description('list schedules by name; with --json: one a line')
  return withTenant(command).action(async (options: TenantOptions) => {
    const { client, out, signal, world } = await openSession(context, options)
    const { tenant } = options
    const all: Schedule[] = []
    for await (const schedule of client.schedules.all({ limit: 100, ...(tenant && { tenant }) }, { signal })) {
      if (out.json) out.printJsonLine(schedule)
      else all.push(schedule)
    }
    if (out.json) return
    if (all.length === 0) out.tell('There are no schedules.')
    else out.print(renderSchedules(all, { width: out.width, paint: out.paint, nowMs: world.clock.now() }))
  })
}

function showCommand(context: CliContext): Command {
  const command = new Command('show')
    .description('show a schedule: its next ticks, what it did last, its job')
    .argument('<name>', 'name of the schedule')
  return withTenant(command).action(async (name: string, options: TenantOptions) => {
    const session = await openSession(context, options)
    const schedule = await session.client.schedules.get(name, howOf(session, options))
    const { out, world } = session
    if (out.json) out.printJson(schedule)
    else out.print(renderSchedule(schedule, { nowMs: world.clock.now(), paint: out.paint }))
  })
}

function stateCommand(context: CliContext, verb: 'pause' | 'resume', about: string, done: string): Command {
  const command = new Command(verb).description(about).argument('<name>', 'name of the schedule')
  return withTenant(command).action(async (name: string, options: TenantOptions) => {
    const session = await openSession(context, options)
    const schedule = await session.client.schedules[verb](name, howOf(session, options))
    if (session.out.json) session.out.printJson(schedule)
    else session.out.print(`${schedule.name} ${done}${next(session, schedule)}`)
  })
}

function runCommand(context: CliContext): Command {
  const command = new Command('run')
    .description('fire a schedule now, paused or not; prints the id of the job')
    .argument('<name>', 'name of the schedule')
  return withTenant(command).action(async (name: string, options: TenantOptions) => {
    const session = await openSession(context, options)
    const { out, client, commandLine } = session
    const job = await client.schedules.run(name, howOf(session, options))
    if (out.json) return out.printJson(job)
    out.print(job.job_id)
    out.tell(`To watch it: ${commandLine('watch', job.job_id)}`)
  })
}

function deleteCommand(context: CliContext): Command {
  const command = new Command('delete')
    .description('forget a schedule; its jobs stay')
    .argument('<name>', 'name of the schedule')
  return withTenant(command).action(async (name: string, options: TenantOptions) => {
    const session = await openSession(context, options)
    await session.client.schedules.delete(name, howOf(session, options))
    if (session.out.json) session.out.printJson({ name, deleted: true })
    else session.out.print(`${name} is deleted`)
  })
}

function withTenant(command: Command): Command {
  return withServiceOptions(command).option('--tenant <name>', 'whose schedules, for a key that belongs to no tenant')
}

function howOf({ signal }: Session, { tenant }: TenantOptions): ScheduleOptions {
  return { signal, ...(tenant !== undefined && { tenant }) }
}

function printOne(session: Session, schedule: Schedule): void {
  if (session.out.json) session.out.printJson(schedule)
  else session.out.print(`${schedule.name} fires at ${schedule.cron} (${schedule.timezone})${next(session, schedule)}`)
}

function next({ world }: Session, { next_ticks: [tick] }: Schedule): string {
  return tick === undefined ? '' : `, next ${showInstant(tick, world.clock.now())}`
}
