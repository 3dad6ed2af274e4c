import { Command, InvalidArgumentError, Option } from 'commander'
import { SETTINGS, type SettingName } from '../../settings.ts'
import type { CliContext } from '../context.ts'
import { checkNode } from '../doctor/node-version.ts'
import { explainFailure, UsageError } from '../failures.ts'

/** The options of `longshore serve`. */
interface ServeOptions {
  readonly export?: string
  readonly execution?: 'inline' | 'thread' | 'process'
  readonly host?: string
  readonly port?: string
  readonly dataDir?: string
  readonly watch?: true
}

const MORE = `
Every other setting comes from the environment and from .env in the current folder.
The service ends by Ctrl-C or SIGTERM, once running jobs have ended or their grace is over.

Examples:
  longshore serve processor.ts
  longshore serve processor.ts --export Thumbnails --port 8080
  longshore serve processor.ts --execution process`

/** `longshore serve MODULE`: the service of a processor that a module exports. */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the service of a processor')
    .argument(
      '<module>',
      'file that exports a class that extends BaseProcessor, an object of one, or a CommandProcessor',
    )
    .option('--export <name>', 'which export to serve, when there are several')
    .addOption(
      new Option(
        '--execution <kind>',
        "where its code runs; unless given, on the service's own event loop (inline)",
      ).choices(['inline', 'thread', 'process']),
    )
    .option('--host <host>', 'address to listen on (HOST)', setting('HOST'))
    .option('--port <port>', 'port to listen on; 0 takes a free one (PORT)', setting('PORT'))
    .option('--data-dir <folder>', 'folder of jobs, uploads and results (DATA_DIR)', setting('DATA_DIR'))
    .option('--watch', 'start again whenever a file that was loaded changes')
    .addHelpText('after', MORE)
    .action((module: string, options: ServeOptions) => run(module, options, context))
}

async function run(module: string, options: ServeOptions, context: CliContext): Promise<void> {
  try {
    if (options.watch) return process.exit(await (await import('../serve/watch.ts')).runWatched())
    const { verdict, message, todo } = checkNode(process.versions.node)
    if (verdict === 'failed') throw new UsageError(`${message}. ${todo}`)
    const { serveModule } = await import('../serve/serve-module.ts')
    await serveModule(module, {
      export: options.export,
      execution: options.execution,
      settings: { HOST: options.host, PORT: options.port, DATA_DIR: options.dataDir },
    })
  } catch (failure) {
    const { exitCode, text } = explainFailure(failure)
    context.world.stderr.write(`${text}\n`)
    // Whatever the module has started by being loaded would keep the process alive.
    process.exit(exitCode)
  }
}

/** Checks an option by the rule of the setting that it stands for. */
function setting(name: SettingName): (given: string) => string {
  return (given) => {
    const { schema, expected } = SETTINGS[name]
    if (schema.safeParse(given).success) return given
    throw new InvalidArgumentError(`Expected ${expected}.`)
  }
}
