import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { type ServiceOptions, wholeNumber, withServiceOptions } from '../options.ts'
import { openSession } from '../session.ts'

interface TokenOptions extends ServiceOptions {
  readonly expiresIn?: number
}

/** A week: the longest that a token may last, in seconds. */
const LONGEST_SECONDS = 604_800

/** `longshore token ID`: the right to read one job, to give away. */
export function tokenCommand(context: CliContext): Command {
  const command = new Command('token')
    .summary('make a token by which a browser reads a job')
    .description(
      'Makes a token that reads one job, its events, files, outputs and logs, without a key: ?token=… in the address.',
    )
    .argument('<id>', 'id of the job')
    .option('--expires-in <seconds>', 'how long it is good (else an hour)', wholeNumber(1, LONGEST_SECONDS))
  return withServiceOptions(command).action(async (id: string, { expiresIn, ...options }: TokenOptions) => {
    const { client, out, signal } = await openSession(context, options)
    const made = await client.createToken(id, {
      signal,
      ...(expiresIn !== undefined && { expiresInSeconds: expiresIn }),
    })
    if (out.json) return out.printJson(made)
    out.print(made.token)
    out.tell(`Good until ${made.expires_at}. Whoever has it reads the job: GET /jobs/${made.job_id}?token=…`)
  })
}
