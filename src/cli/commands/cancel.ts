import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { eachJob } from '../jobs/each-job.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

/** `longshore cancel ID…`: asks jobs to stop. */
export function cancelCommand(context: CliContext): Command {
  const command = new Command('cancel')
    .summary('ask jobs to stop')
    .description(
      'Asks jobs to stop. A job that is at work is `cancelled` only once it has stopped; `watch` waits for that. ' +
        'With --json: one job a line.',
    )
    .argument('<ids...>', 'ids of jobs')
  return withServiceOptions(command).action(async (ids: string[], options: ServiceOptions) => {
    const session = await openSession(context, options)
    const { client, out, signal } = session
    await eachJob(session, ids, async (id) => {
      const job = await client.cancelJob(id, { signal })
      if (out.json) out.printJsonLine(job)
      else out.print(`${job.job_id} ${job.status === 'cancelled' ? 'is cancelled' : 'will stop'}`)
    })
  })
}
