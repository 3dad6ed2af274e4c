import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, withServiceOptions } from '../options.ts'
import { renderJob } from '../render/job-detail.ts'
import { openSession } from '../session.ts'

/** `longshore job ID`: one job in all detail. */
export function jobCommand(context: CliContext): Command {
  const command = new Command('job')
    .summary('show a job in all detail')
    .description(
      'Shows a job: where it stands, when, its attempts and their errors, files, labels, parameters, result.',
    )
    .argument('<id>', 'id of the job')
  return withServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    const { client, out, signal, world } = await openSession(context, options)
    const job = await client.getJob(id, { signal })
    if (out.json) out.printJson(job)
    else out.print(renderJob(job, { nowMs: world.clock.now(), paint: out.paint }))
  })
}
