import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

interface RetryOptions extends ServiceOptions {
  readonly failedFiles?: true
}

/** `longshore retry ID`: a failed or cancelled job once more. */
export function retryCommand(context: CliContext): Command {
  const command = new Command('retry')
    .summary('queue a failed or cancelled job again')
    .description('Queues a failed or cancelled job again, with as many attempts as it had at first.')
    .argument('<id>', 'id of the job')
    .option('--failed-files', 'work only on the files that are not done')
  return withServiceOptions(command).action(async (id: string, { failedFiles, ...options }: RetryOptions) => {
    const { client, out, signal, commandLine } = await openSession(context, options)
    const job = await client.retryJob(id, { failedFilesOnly: failedFiles === true, signal })
    if (out.json) return out.printJson(job)
    out.print(`${job.job_id} is ${job.status}`)
    out.tell(`To watch it: ${commandLine('watch', job.job_id)}`)
  })
}
