import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

/** `longshore job ID`: one job in all detail. */
export function jobCommand(context: CliContext): Command {
  const command = new Command('job').description('show a job in all detail').argument('<id>', 'id of the job')
  return withServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    const { client, out, signal } = await openSession(context, options)
    const job = await client.getJob(id, { signal })
    out.printJson(job)
  })
}
