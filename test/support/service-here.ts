import { type AppOptions, createApp } from '../../src/index.ts'
import type { AnyProcessor } from '../../src/processor/open-executor.ts'
import { Api } from './api.ts'
import { FixtureProcessor } from './fixture-processor.ts'
import { tempFolder } from './temp-folder.ts'

/** A folder that lives as long as the service. */
type Folder = { path: string } & AsyncDisposable

/** A whole service in this process, on a free port and, unless it is given one, on a fresh folder. */
export async function openServiceOf<Processor extends AnyProcessor>(
  processor: Processor,
  settings: AppOptions['settings'] = {},
  folder?: Folder,
) {
  const home = folder ?? (await tempFolder())
  const app = createApp(processor, {
    settings: { DATA_DIR: home.path, LOG_LEVEL: 'silent', RETRY_BASE_SECONDS: '0', ...settings },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    api: new Api(url),
    processor,
    dataDir: home.path,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await home[Symbol.asyncDispose]()
    },
  }
}

/** The same with the fixture processor, which does what its parameters say. */
export function openService(settings: AppOptions['settings'] = {}, folder?: Folder) {
  return openServiceOf(new FixtureProcessor(), settings, folder)
}
