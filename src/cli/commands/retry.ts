import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { actOnJobs, type BulkCommandOptions, choosesMany } from '../jobs/act-on-jobs.ts'
import { withFilterOptions } from '../jobs/job-filter.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

interface RetryOptions extends ServiceOptions, BulkCommandOptions {
  readonly failedFiles?: true
}

/** `longshore retry ID`, or by what a filter matches: failed and cancelled jobs once more. */
export function retryCommand(context: CliContext): Command {
  const command = new Command('retry')
    .summary('queue a failed or cancelled job again')
    .description('Queues a failed or cancelled job again, with as many attempts as it had at first.')
    .argument('[id]', 'id of the job')
    .addHelpText('after', EXAMPLES)
    .option('--failed-files', 'work only on the files that are not done')
  withFilterOptions(command)
    .option('--all', 'every job that failed or was cancelled')
    .option('--dry-run', 'only count the jobs of a filter')
  return withServiceOptions(command).action(
    async (id: string | undefined, { failedFiles, ...options }: RetryOptions) => {
      choosesMany(id === undefined ? [] : [id], options)
      const session = await openSession(context, options)
      const { client, out, signal, commandLine } = session
      if (id === undefined) {
        const failedFilesOnly = failedFiles === true
        const retry: typeof client.retryJobs = (filter, given) =>
          client.retryJobs(filter, { ...given, failedFilesOnly })
        return actOnJobs(session, options, retry, WORDS)
      }
      const job = await client.retryJob(id, { failedFilesOnly: failedFiles === true, signal })
      if (out.json) return out.printJson(job)
      out.print(`${job.job_id} is ${job.status}`)
      out.tell(`To watch it: ${commandLine('watch', job.job_id)}`)
    },
  )
}

const WORDS = { would: 'would be queued again', did: 'queued again' }

const EXAMPLES = `
Examples:
  longshore retry --status failed --dry-run        how many there are
  longshore retry --status failed --label run=42   all of a run that failed`
