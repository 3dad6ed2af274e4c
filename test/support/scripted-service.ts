import { type AppOptions, BaseProcessor, type JobInput, type ProgressReport, z } from '../../src/index.ts'
import { openServiceOf } from './service-here.ts'

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

/** A whole service in this process whose processor does what the test says. */
export function openScriptedService(script: Script, settings: AppOptions['settings'] = {}) {
  return openServiceOf(new ScriptedProcessor(script), settings)
}
