import type { Schedule, ScheduleOptions } from '@longshore/client'
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { showInstant } from '../render/quantities.ts'
import { renderSchedule, renderSchedules } from '../render/schedules.ts'
import { type DefinitionOptions, definitionOf, withDefinition } from '../schedules/definition.ts'
import { openSession, type Session } from '../session.ts'

interface TenantOptions extends ServiceOptions {
  readonly tenant?: string
}

interface CreateOptions extends TenantOptions, DefinitionOptions {
  readonly replace?: true
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
    .option('--replace', 'replace a schedule of this name')
  return withTenant(withDefinition(command))
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
    .argument('<schedule>', 'name of the schedule')
  return withTenant(command).action(async (name: string, options: TenantOptions) => {
    const session = await openSession(context, options)
    const schedule = await session.client.schedules.get(name, howOf(session, options))
    const { out, world } = session
    if (out.json) out.printJson(schedule)
    else out.print(renderSchedule(schedule, { nowMs: world.clock.now(), paint: out.paint }))
  })
}

function stateCommand(context: CliContext, verb: 'pause' | 'resume', about: string, done: string): Command {
  const command = new Command(verb).description(about).argument('<schedule>', 'name of the schedule')
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
    .argument('<schedule>', 'name of the schedule')
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
    .argument('<schedule>', 'name of the schedule')
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
