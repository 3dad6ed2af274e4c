import { Command } from 'commander'
import { LongshoreError } from '../../base/errors.ts'
import { loadConfig } from '../../config.ts'
import { migrateDatabase } from '../../engine/postgres/migrations.ts'
import type { CliContext } from '../context.ts'
import { type OutputOptions, withOutputOptions } from '../options.ts'
import { Output } from '../output.ts'

const MORE = `
The database comes from DATABASE_URL, or DATABASE_LISTEN_URL where that leads to a pooler, in the environment or .env.
Replicas that run meanwhile go on; two that migrate at once wait for each other.`

/** `longshore migrate`: brings the database schema up to date. */
export function migrateCommand(context: CliContext): Command {
  const command = new Command('migrate')
    .description('bring the schema of the database up to date')
    .addHelpText('after', MORE)
  return withOutputOptions(command).action(async (options: OutputOptions) => {
    const { database } = loadConfig(context.world.env)
    if (database === undefined) {
      throw new LongshoreError('CONFIG_INVALID', 'Expected DATABASE_URL to be set to a postgres:// URL, got nothing.')
    }
    const { from, to } = await migrateDatabase({ ...database, url: database.listenUrl })
    const out = new Output(context.world, options)
    if (out.json) return out.printJson({ schema: database.schema, from, to })
    const change = from === to ? `is up to date at version ${to}` : `went from version ${from} to ${to}`
    out.print(`The schema "${database.schema}" ${change}.`)
  })
}
