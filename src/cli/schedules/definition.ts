import type { ScheduleDefinition } from '@longshore/client'
import { type Command, Option } from 'commander'
import { UsageError } from '../failures.ts'
import { collect, wholeNumber } from '../options.ts'
import { jobOptionsOf, withJobOptions } from '../submit/job-options.ts'
import { readParameters } from '../submit/parameters.ts'
import type { JobWishes } from '../submit/submit-options.ts'

/** What the command line says of a schedule beside its name and expression, as commander reads it. */
export interface DefinitionOptions extends JobWishes {
  readonly timezone?: string
  readonly misfire?: ScheduleDefinition['misfire']
  readonly catchUpLimit?: number
  readonly grace?: number
  readonly overlap?: ScheduleDefinition['overlap']
  readonly paused?: true
  readonly manifest?: string
  readonly file?: readonly string[]
}

const MISFIRE = new Option(
  '--misfire <policy>',
  'ticks at which the service was away: none fires, the newest, the newest few',
).choices(['skip', 'once', 'catch_up'])

const OVERLAP = new Option(
  '--overlap <policy>',
  'while the last job runs: fire beside it, skip the tick, cancel that job',
).choices(['allow', 'skip', 'replace'])

/** Adds the options of {@link definitionOf}. */
export function withDefinition(command: Command): Command {
  command
    .optionsGroup('Ticks:')
    .option('--timezone <name>', 'IANA name, e.g. Europe/Berlin; UTC unless given')
    .addOption(MISFIRE)
    .option('--catch-up-limit <n>', 'how many catch_up makes up for', wholeNumber(1, 100))
    .option('--grace <seconds>', 'how late a tick may fire with skip', wholeNumber(1, 86_400))
    .addOption(OVERLAP)
    .option('--paused', 'let ticks pass by until it is resumed')
    .optionsGroup('Job:')
    .option('--manifest <uri>', 's3 URI of a list of objects, which each job reads')
    .option('--file <uri>', 's3 URI of an input; may be given several times', collect(String))
  return withJobOptions(command)
}

/** A schedule as the wire has it. Throws `UsageError` unless it is said what each job works on. */
export async function definitionOf(cron: string, options: DefinitionOptions): Promise<ScheduleDefinition> {
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
