import { randomBytes } from 'node:crypto'
import type { PostgresServer } from './postgres-server.ts'
import { type ServiceProcess, startService } from './service-process.ts'
import { tempFolder } from './temp-folder.ts'

/** Replicas of one service: a schema and a folder of objects that they share, a data folder for each. */
export interface Site extends AsyncDisposable {
  /** The folder of objects. */
  objects: string
  /** Starts a replica; `main` is the fixture service unless given. */
  start(settings?: Record<string, string>, main?: string): Promise<ServiceProcess>
}

/** A site in a schema of its own; `settings` are those of all its replicas. */
export async function openSite(
  server: Pick<PostgresServer, 'url'> | undefined,
  settings: Record<string, string> = {},
): Promise<Site> {
  const objects = await tempFolder()
  const stack = new AsyncDisposableStack()
  stack.use(objects)
  const shared = {
    DATABASE_URL: server?.url ?? '',
    DATABASE_SCHEMA: `site_${randomBytes(5).toString('hex')}`,
    OBJECTS_DIR: objects.path,
    SIGNING_SECRET: 'a secret that all replicas of this site share',
    LEASE_SECONDS: '5',
    ABORT_GRACE_SECONDS: '5',
    ...settings,
  }
  return {
    objects: objects.path,
    async start(own = {}, main) {
      const data = stack.use(await tempFolder())
      return stack.use(await startService({ ...shared, DATA_DIR: data.path, ...own }, main))
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
