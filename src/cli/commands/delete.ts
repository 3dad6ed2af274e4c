import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { eachJob } from '../jobs/each-job.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

/** `longshore delete ID…`: ended jobs, with all that is theirs, away. */
export function deleteCommand(context: CliContext): Command {
  const command = new Command('delete')
    .summary('forget ended jobs, with their uploads and outputs')
    .description(
      'Forgets ended jobs, with their uploads and outputs. With --json: `{"job_id": …, "deleted": true}` a line.',
    )
    .argument('<ids...>', 'ids of jobs')
  return withServiceOptions(command).action(async (ids: string[], options: ServiceOptions) => {
    const session = await openSession(context, options)
    const { client, out, signal } = session
    await eachJob(session, ids, async (id) => {
      await client.deleteJob(id, { signal })
      if (out.json) out.printJsonLine({ job_id: id, deleted: true })
      else out.print(`${id} is deleted`)
    })
  })
}
