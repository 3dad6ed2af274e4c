import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonValue } from '../../job/job.ts'
import type { Execution } from '../executor.ts'
import type { Places } from './command-line.ts'

/** What is laid out for a program before it starts. */
export interface Desk extends Places {
  /** All that is known of the job, as JSON. */
  jobFile: string
}

/** Makes the folders and files that a program finds. */
export async function layOut(execution: Execution, parameters: JsonValue): Promise<Desk> {
  const workDir = execution.workDir()
  const desk: Desk = {
    inputs: execution.files.map((file) => (file.path === '' ? file.uri : file.path)),
    workDir,
    outDir: join(workDir, 'outputs'),
    paramsFile: join(workDir, 'params.json'),
    jobFile: join(workDir, 'job.json'),
    parameters,
  }
  await mkdir(desk.outDir)
  await writeFile(desk.paramsFile, JSON.stringify(parameters))
  await writeFile(desk.jobFile, JSON.stringify(jobOf(execution, desk)))
  return desk
}

/** Named as on the wire. */
function jobOf(
  { jobId, attempt, files, checkpoint, resources, schedule }: Execution,
  { workDir, outDir, parameters }: Desk,
) {
  return {
    job_id: jobId,
    attempt,
    files: files.map(({ index, uri, path, sizeBytes, etag }) => ({ index, uri, path, size_bytes: sizeBytes, etag })),
    parameters,
    checkpoint,
    resources: resources && {
      cpu: resources.cpu,
      memory_bytes: resources.memoryBytes,
      scratch_bytes: resources.scratchBytes,
    },
    schedule: schedule && { name: schedule.name, tick: textOf(schedule.tick) },
    workdir: workDir,
    outdir: outDir,
  }
}

function textOf(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString()
}
