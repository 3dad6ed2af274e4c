import { Command, CommanderError } from 'commander'
import packageJson from 'longshore/package.json' with { type: 'json' }
import { cancelCommand } from './commands/cancel.ts'
import { completionCommand, completionJobsCommand, completionSchedulesCommand } from './commands/completion.ts'
import { deleteCommand } from './commands/delete.ts'
import { doctorCommand } from './commands/doctor.ts'
import { filesCommand } from './commands/files.ts'
import { generateCommand } from './commands/generate.ts'
import { initCommand } from './commands/init.ts'
import { jobCommand } from './commands/job.ts'
import { jobsCommand } from './commands/jobs.ts'
import { keysCommand } from './commands/keys.ts'
import { logsCommand } from './commands/logs.ts'
import { migrateCommand } from './commands/migrate.ts'
import { outputsCommand } from './commands/outputs.ts'
import { retryCommand } from './commands/retry.ts'
import { schedulesCommand } from './commands/schedules.ts'
import { serveCommand } from './commands/serve.ts'
import { submitCommand } from './commands/submit.ts'
import { tokenCommand } from './commands/token.ts'
import { watchCommand } from './commands/watch.ts'
import { webhooksCommand } from './commands/webhooks.ts'
import { CliContext, type World } from './context.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { explainFailure } from './failures.ts'

const ABOUT = `Hands work to a Longshore service, watches it and brings the results home; runs such a service, too.`

const MORE = `
Environment:
  LONGSHORE_URL      address of the service
  LONGSHORE_API_KEY  API key, where the service asks for one. There is no option for it:
                     a command line can be read by everyone on the machine
  NO_COLOR           no colours, as with everything that is not a terminal

Exit codes:
  0    done
  1    a job failed or was cancelled, or the service refused
  2    the command line was wrong
  3    the service cannot be reached
  130  interrupted`

/** Every command, each in a file of its own. */
const COMMANDS: readonly { group: string; commands: readonly ((context: CliContext) => Command)[] }[] = [
  {
    group: 'Jobs:',
    commands: [
      submitCommand,
      watchCommand,
      jobsCommand,
      jobCommand,
      outputsCommand,
      logsCommand,
      filesCommand,
      cancelCommand,
      retryCommand,
      tokenCommand,
      deleteCommand,
      webhooksCommand,
      schedulesCommand,
    ],
  },
  {
    group: 'Services:',
    commands: [
      initCommand,
      serveCommand,
      migrateCommand,
      doctorCommand,
      keysCommand,
      generateCommand,
      completionCommand,
    ],
  },
]

/** Builds the whole command around a context. */
function buildProgram(context: CliContext): Command {
  const { stdout, stderr } = context.world
  const program = new Command('longshore')
    .description(ABOUT)
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', MORE)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })
  for (const { group, commands } of COMMANDS) {
    for (const build of commands) {
      program.addCommand(inheriting(build(context), program).helpGroup(group))
    }
  }
  program.addCommand(inheriting(completionJobsCommand(context), program), { hidden: true })
  program.addCommand(inheriting(completionSchedulesCommand(context), program), { hidden: true })
  return program
}

/** Commander copies settings only to commands that it makes itself. */
function inheriting(command: Command, from: Command): Command {
  command.copyInheritedSettings(from)
  for (const below of command.commands) inheriting(below, command)
  return command
}

/** Runs a command line, without the program's own name, to its end, and answers the exit code. Never rejects. */
export async function runCli(args: readonly string[], world: World): Promise<ExitCode> {
  const context = new CliContext(world)
  try {
    await buildProgram(context).parseAsync(args, { from: 'user' })
    return context.exitCode
  } catch (failure) {
    // Commander has said what was wrong, or shown the help that was asked for.
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? EXIT.done : EXIT.usage
    const { exitCode, text } = explainFailure(failure)
    if (text !== undefined) world.stderr.write(`${text}\n`)
    return exitCode
  }
}
