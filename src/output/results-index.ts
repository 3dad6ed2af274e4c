import type { AttemptObjects } from './attempt-objects.ts'

/** One output as the results index lists it: what a writer's `close` answers, or anything else with a name. */
export interface OutputDescription {
  name: string
  [field: string]: unknown
}

/** Writes `results.json` and answers its URI; calling it again replaces it. */
export async function writeResultsIndex(
  objects: AttemptObjects,
  jobId: string,
  outputs: readonly (OutputDescription | null)[],
  metrics: Record<string, unknown> = {},
): Promise<string> {
  const sink = objects.open('results.json', 'application/json')
  void sink.write(Buffer.from(JSON.stringify({ job_id: jobId, outputs, metrics })))
  const { uri } = await objects.close('results.json')
  return uri
}
