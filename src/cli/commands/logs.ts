import type { LogLine } from '@longshore/client'
import { Command, Option } from 'commander'
import type { CliContext } from '../context.ts'
import { followLogs, type PrintLines } from '../jobs/follow-logs.ts'
import { type ServiceOptions, wholeNumber, withServiceOptions } from '../options.ts'
import type { Output, Style } from '../output.ts'
import { showTime } from '../render/quantities.ts'
import { safeJson, safeText } from '../render/safe-text.ts'
import { openSession } from '../session.ts'

interface LogsOptions extends ServiceOptions {
  readonly follow?: true
  readonly tail: number
}

/** `longshore logs ID`: what the processor logged for a job. */
export function logsCommand(context: CliContext): Command {
  const command = new Command('logs')
    .summary('show what the processor logged for a job')
    .description('Shows what the processor logged for a job, oldest first. With --json: one line of JSON for each.')
    .argument('<id>', 'id of the job')
    .option('-f, --follow', 'go on with what it logs now, until the job has ended')
    .addOption(
      new Option('-n, --tail <count>', 'the newest so many lines').argParser(wholeNumber(1, 1_000_000)).default(1000),
    )
  return withServiceOptions(command).action(async (id: string, { follow, tail, ...options }: LogsOptions) => {
    const session = await openSession(context, options)
    const print = linePrinter(session.out)
    if (follow) await followLogs(session, await session.patientClient(), id, { tail, print })
    else print(await session.client.logs(id, { tail, signal: session.signal }))
  })
}

/** Prints lines; a new attempt gets a heading. */
function linePrinter(out: Output): PrintLines {
  let attempt = 1
  const printLine = (line: LogLine): void => {
    if (line.attempt !== attempt) out.print(out.paint('bold', `attempt ${line.attempt}`))
    attempt = line.attempt
    out.print(renderLine(line, out))
  }
  return (lines) => {
    for (const line of lines) out.json ? out.printJsonLine(line) : printLine(line)
  }
}

const STYLES: Readonly<Record<LogLine['level'], Style>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
}

function renderLine({ at, level, message, fields }: LogLine, { paint }: Output): string {
  const told = fields === undefined ? '' : `  ${paint('dim', safeText(safeJson(fields)))}`
  return `${paint('dim', showTime(at))} ${paint(STYLES[level], level.padEnd(5))} ${safeText(message)}${told}`
}
