import { setTimeout as pause } from 'node:timers/promises'
import { processesWith } from '../support/processes.ts'
import { countJobs } from './audit.ts'
import { mapBounded } from './bounded.ts'
import type { Site } from './site.ts'
import type { Accepted } from './traffic.ts'

/** What a run leaves behind while its services idle: programs, scratch folders, sums that do not add up. */
export async function checkIdle({ postgres, schema, mark, leftWorkFolders }: Site): Promise<string[]> {
  const faults = leftWorkFolders().map((name) => `a scratch folder is left: ${name}`)
  for (const program of processesWith(mark))
    if (program.includes('chaos_program')) faults.push(`a program is left: ${program}`)
  const { byPhase, bySums } = await countJobs(postgres.url, schema)
  const [delayed = 0, ready = 0, ...others] = byPhase
  const counted = [delayed + ready, ...others]
  if (counted.join() !== bySums.join()) faults.push(`the sums by state are ${bySums}, the jobs ${counted}`)
  return faults
}

/** Forgets every job, and looks whether anything of them is left in the store; uploads that nobody completed have a while to expire. */
export async function checkForgotten(
  { bucket, postgres, schema }: Site,
  urls: readonly string[],
  accepted: readonly Accepted[],
  patienceMs: number,
): Promise<string[]> {
  const refused = await mapBounded(accepted, 8, async ({ jobId }, i) => {
    const answer = await fetch(`${urls[i % urls.length]}/jobs/${jobId}`, { method: 'DELETE' })
    return answer.status === 204 ? [] : [`${jobId} cannot be deleted: ${answer.status} ${await answer.text()}`]
  })
  const deadline = performance.now() + patienceMs
  for (;;) {
    const left = [
      ...(await bucket.keys('results/')).map((key) => `an object is left: ${key}`),
      ...(await bucket.keys('datasets/')).map((key) => `an object is left: ${key}`),
      ...(await bucket.uploads()).map((key) => `an upload is left: ${key}`),
    ]
    if (left.length === 0 || performance.now() > deadline) {
      const { byPhase } = await countJobs(postgres.url, schema)
      const jobs = byPhase.reduce((sum, count) => sum + count, 0)
      return [...refused.flat(), ...left, ...(jobs > 0 ? [`${jobs} jobs are left that no client knows of`] : [])]
    }
    await pause(1_000)
  }
}

/** Processes that outlived the services. */
export async function checkProcesses({ mark }: Pick<Site, 'mark'>): Promise<string[]> {
  const deadline = performance.now() + 5_000
  while (processesWith(mark).length > 0 && performance.now() < deadline) await pause(50)
  return processesWith(mark).map((process) => `a process is left: ${process}`)
}
