import type { JobClient } from '@longshore/client/node'
import { Argument, Command } from 'commander'
import { bashCompletion } from '../completion/bash.ts'
import { type CommandNode, commandTree } from '../completion/command-tree.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'
import type { CliContext } from '../context.ts'
import { Output } from '../output.ts'
import { openClient } from '../session.ts'

const SHELLS: Readonly<Record<string, (root: CommandNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

const MORE = `
To install it:
  bash  longshore completion bash > ~/.local/share/bash-completion/completions/longshore
  zsh   longshore completion zsh > "\${fpath[1]}/_longshore"
  fish  longshore completion fish > ~/.config/fish/completions/longshore.fish
or, for the running shell alone:
  source <(longshore completion bash)`

/** `longshore completion SHELL`: the script that lets a shell complete this command. */
export function completionCommand(context: CliContext): Command {
  const command = new Command('completion')
    .description('print a script that lets a shell complete commands, options, jobs and schedules')
    .addArgument(new Argument('<shell>', 'the shell it is for').choices(Object.keys(SHELLS)))
    .addHelpText('after', MORE)
  return command.action((shell: string) => {
    const script = SHELLS[shell]?.(commandTree(command.parent ?? command)) ?? ''
    context.world.stdout.write(script)
  })
}

/** Jobs or schedules that are offered. */
const OFFERED = 50
/** Nobody waits longer for a completion. */
const LIMIT_MS = 2000

/** The newest jobs, by id. */
export function completionJobsCommand(context: CliContext): Command {
  return offering('completion-jobs', context, async (client) => {
    const { jobs } = await client.listJobs({ limit: OFFERED }, { timeoutMs: LIMIT_MS })
    return jobs.map(({ job_id, status, created_at }) => `${job_id}\t${status}, ${created_at.slice(0, 16)}`)
  })
}

/** Schedules by name. */
export function completionSchedulesCommand(context: CliContext): Command {
  return offering('completion-schedules', context, async (client) => {
    const { schedules } = await client.schedules.list({ limit: OFFERED }, { timeoutMs: LIMIT_MS })
    return schedules.map(({ name, cron, paused_at }) => `${name}\t${paused_at === null ? cron : 'paused'}`)
  })
}

/**
 * A command for the scripts alone: what is offered, a word and what to tell of it in a line. Whatever goes wrong, there is
 * then nothing to offer, and nothing is said amid what the person types.
 */
function offering(name: string, { world }: CliContext, linesOf: (client: JobClient) => Promise<string[]>): Command {
  return new Command(name).action(async () => {
    try {
      const lines = await linesOf(await openClient(world, {}))
      const out = new Output(world)
      for (const line of lines) out.print(line)
    } catch {
      // As said above.
    }
  })
}
