import { type AppOptions, BaseProcessor, createApp, type JobInput, type ProgressReport, z } from '../../src/index.ts'
import { Api } from './api.ts'
import { tempFolder } from './temp-folder.ts'

/** What `processInput` does, and how it reports. */
export type Script = (input: JobInput, report: (progress: ProgressReport) => void) => unknown

/** A processor that does what a test says, and may answer anything. */
export class ScriptedProcessor extends BaseProcessor {
  readonly name = 'scripted'
  readonly version = '1.0.0'
  readonly resultSchema = z.unknown()
  script: Script

  constructor(script: Script) {
    super()
    this.script = script
  }

  async processInput(input: JobInput): Promise<unknown> {
    return this.script(input, (progress) => this.reportProgress(progress))
  }
}

/** A whole service in this process, on a fresh folder and a free port, whose processor does what the test says. */
export async function openScriptedService(script: Script, settings: AppOptions['settings'] = {}) {
  const folder = await tempFolder()
  const processor = new ScriptedProcessor(script)
  const app = createApp(processor, {
    settings: { DATA_DIR: folder.path, LOG_LEVEL: 'silent', RETRY_BASE_SECONDS: '0', ...settings },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    api: new Api(url),
    processor,
    dataDir: folder.path,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}
