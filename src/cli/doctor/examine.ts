import type { JobClient } from '@longshore/client'
import type { Clock } from '../../base/clock.ts'
import type { Config } from '../../config.ts'
import { checkClock, type Steady, watchClock } from './clock.ts'
import { checkConfiguration } from './configuration.ts'
import { examineDataFolder } from './data-folder.ts'
import { checkDatabase } from './database.ts'
import { checkFeatures } from './features.ts'
import type { Finding } from './finding.ts'
import { checkPort } from './port.ts'
import { checkPostgres } from './postgres.ts'
import { checkService } from './service.ts'
import { checkStore } from './store.ts'

/** What is looked at. */
export interface Patient {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly steady: Steady
  /** The service to ask, if one is named. */
  readonly service: { readonly client: JobClient; readonly url: string } | undefined
}

/** Looks at all that a service needs, and yields what it finds as it finds it. Nothing is changed. */
export async function* examine({ env, clock, steady, service }: Patient): AsyncGenerator<Finding> {
  const clockMoved = watchClock(clock, steady)
  const { config, findings } = checkConfiguration(env)
  yield* findings
  if (config !== undefined) yield* examineWith(config, clock)
  yield await checkClock(clock, config?.dataDir, config && storeUrl(config))
  const moved = clockMoved()
  if (moved !== undefined) yield moved
  if (service !== undefined) yield await checkService(service.client, service.url)
}

async function* examineWith(config: Config, clock: Clock): AsyncGenerator<Finding> {
  yield* checkFeatures(config)
  await using folder = await examineDataFolder(config.dataDir, clock)
  yield* folder.findings
  if (config.database !== undefined) yield* await checkPostgres(config.database)
  else if (folder.state === 'held' || folder.state === 'ours') yield checkDatabase(config.dataDir, folder.state)
  yield* await checkStore(config, folder.state)
  yield await checkPort(config, folder.state === 'held' ? 'held' : 'free')
}

/** Where the store answers, when it has a clock of its own. */
function storeUrl({ storage }: Config): string | undefined {
  if (storage.kind === 'local') return undefined
  return storage.endpoint ?? `https://s3.${storage.region}.amazonaws.com`
}
