import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { awaitJobs } from '../jobs/await-jobs.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

/** `longshore watch ID…`: jobs on their way, to their end. */
export function watchCommand(context: CliContext): Command {
  const command = new Command('watch')
    .summary('watch jobs until they have ended')
    .description(
      'Shows jobs on their way, a line each, until all have ended. Exits with 1 unless all have completed. ' +
        'With --json: a line with the whole job whenever one has changed.',
    )
    .argument('<ids...>', 'ids of jobs')
    .addHelpText('after', EXAMPLES)
  return withServiceOptions(command).action(async (ids: string[], options: ServiceOptions) => {
    const session = await openSession(context, options)
    const { out } = session
    const onChange = out.json ? out.printJsonLine.bind(out) : undefined
    await awaitJobs(session, await session.patientClient(), [...new Set(ids)], { ...(onChange && { onChange }) })
  })
}

const EXAMPLES = `
Example:
  longshore watch $(longshore submit *.dat) && echo well done`
