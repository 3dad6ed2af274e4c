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
    .description('print a script that lets a shell complete commands, options and job ids')
    .addArgument(new Argument('<shell>', 'the shell it is for').choices(Object.keys(SHELLS)))
    .addHelpText('after', MORE)
  return command.action((shell: string) => {
    const script = SHELLS[shell]?.(commandTree(command.parent ?? command)) ?? ''
    context.world.stdout.write(script)
  })
}

/** Jobs that are offered, the newest. */
const OFFERED = 50
/** Nobody waits longer for a completion. */
const LIMIT_MS = 2000

/**
 * `longshore completion-jobs`, for the scripts alone: the newest jobs, an id and what to tell of it in a line. Whatever goes
 * wrong, there is then nothing to offer, and nothing is said amid what the person types.
 */
export function completionJobsCommand(context: CliContext): Command {
  return new Command('completion-jobs').action(async () => {
    try {
      const client = await openClient(context.world, {})
      const { jobs } = await client.listJobs({ limit: OFFERED }, { timeoutMs: LIMIT_MS })
      const out = new Output(context.world)
      for (const { job_id, status, created_at } of jobs) out.print(`${job_id}\t${status}, ${created_at.slice(0, 16)}`)
    } catch {
      // As said above.
    }
  })
}
