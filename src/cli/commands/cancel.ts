import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { actOnJobs, type BulkCommandOptions, choosesMany } from '../jobs/act-on-jobs.ts'
import { eachJob } from '../jobs/each-job.ts'
import { withFilterOptions } from '../jobs/job-filter.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

/** `longshore cancel ID…`, or by what a filter matches: asks jobs to stop. */
export function cancelCommand(context: CliContext): Command {
  const command = new Command('cancel')
    .summary('ask jobs to stop')
    .description(
      'Asks jobs to stop. A job that is at work is `cancelled` only once it has stopped; `watch` waits for that. ' +
        'With --json: one job a line.',
    )
    .argument('[ids...]', 'ids of jobs')
    .addHelpText('after', EXAMPLES)
  withFilterOptions(command)
    .option('--all', 'every job that has not ended')
    .option('--dry-run', 'only count the jobs of a filter')
  return withServiceOptions(command).action(async (ids: string[], options: ServiceOptions & BulkCommandOptions) => {
    const isFilter = choosesMany(ids, options)
    const session = await openSession(context, options)
    const { client, out, signal } = session
    if (isFilter) return actOnJobs(session, options, client.cancelJobs.bind(client), WORDS)
    await eachJob(session, ids, async (id) => {
      const job = await client.cancelJob(id, { signal })
      if (out.json) out.printJsonLine(job)
      else out.print(`${job.job_id} ${job.status === 'cancelled' ? 'is cancelled' : 'will stop'}`)
    })
  })
}

const WORDS = { would: 'would be asked to stop', did: 'asked to stop' }

const EXAMPLES = `
Examples:
  longshore cancel --label run=42 --dry-run   how many jobs of a run have not ended
  longshore cancel --label run=42             asks them to stop`
