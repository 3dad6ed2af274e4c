import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { JsonValue, Progress } from '../../src/job/job.ts'
import type { Execution, InputFile } from '../../src/processor/executor.ts'
import { openTestOutputs } from './output-fixture.ts'

/** Holds the scratch folders of this process's attempts. */
const root = mkdtempSync(join(tmpdir(), 'longshore-test-'))
process.once('exit', () => rmSync(root, { recursive: true, force: true }))

/** What an attempt said, as a test looks at it. */
export interface Said {
  reports: Progress[]
  saved: JsonValue[]
  logged: { level: number; msg: string; [field: string]: unknown }[]
  marked: unknown[][]
  stray: unknown[]
}

/** One attempt for an executor, and what it says. */
export function testExecution(overrides: Partial<Execution> = {}) {
  const said: Said = { reports: [], saved: [], logged: [], marked: [], stray: [] }
  const { outputs, textOf } = openTestOutputs()
  let folder: string | undefined
  const execution: Execution = {
    jobId: 'job-1',
    attempt: 1,
    files: [],
    parameters: null,
    checkpoint: null,
    resources: null,
    schedule: null,
    workDir: () => {
      folder ??= mkdtempSync(join(root, 'work-'))
      return folder
    },
    signal: new AbortController().signal,
    traceparent: null,
    log: pino({ base: null }, { write: (line: string) => said.logged.push(JSON.parse(line)) }),
    outputs,
    onProgress: (progress) => said.reports.push(progress),
    onStrayError: (thrown) => said.stray.push(thrown),
    saveCheckpoint: async (document) => {
      said.saved.push(document)
    },
    markFile: (...mark) => said.marked.push(mark),
    ...overrides,
  }
  return { execution, said, outputs, textOf }
}

/** An input file that is not there to be read. */
export function inputFile(index: number): InputFile {
  return { index, uri: `s3://datasets/${index}.dat`, path: `/nowhere/${index}.dat`, sizeBytes: 1, etag: '"e"' }
}
