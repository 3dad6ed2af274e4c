import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { mapBounded } from './bounded.ts'
import type { History } from './check-audit.ts'
import type { Accepted } from './traffic.ts'
import { ChaosResult } from './work.ts'
import { parametersOf } from './work-of.ts'

/** A job as the service shows it, as far as is looked at. */
interface ShownJob {
  status: string
  error: string | null
  result: unknown
  files: { total: number; done: number; failed: number }
}

interface ShownOutput {
  uri: string
  url: string
  sha256: string
}

/** Which ends a job may come to. */
const ENDS: Readonly<Record<Accepted['errand']['work'], readonly string[]>> = {
  plain: ['completed'],
  long: ['completed'],
  outputs: ['completed'],
  retry: ['completed'],
  snooze: ['completed'],
  cancel: ['cancelled', 'completed'],
  always: ['failed'],
  unrecoverable: ['failed'],
}

/** Requests under way at once. */
const AT_ONCE = 8

/** Looks at every accepted job through the service: its end, its result, its outputs, its log. Answers what is wrong. */
export async function checkJobs(
  urls: readonly string[],
  accepted: readonly Accepted[],
  histories: ReadonlyMap<string, History>,
): Promise<string[]> {
  const found = await mapBounded(accepted, AT_ONCE, async (job, i) => {
    const faults: string[] = []
    const refuse = (text: string): void =>
      void faults.push(`${job.jobId} (${job.errand.way}, ${job.errand.work}): ${text}`)
    try {
      await checkJob(`${urls[i % urls.length]}/jobs/${job.jobId}`, job, histories.get(job.jobId), refuse)
    } catch (failure) {
      refuse(failure instanceof Error ? failure.message : String(failure))
    }
    return faults
  })
  return found.flat()
}

async function checkJob(
  url: string,
  accepted: Accepted,
  history: History | undefined,
  refuse: (text: string) => void,
): Promise<void> {
  const job = await getJson<ShownJob>(url)
  if (!ENDS[accepted.errand.work].includes(job.status)) return refuse(`ended as ${job.status}: ${job.error}`)
  const lines = (await getJson<{ lines: { fields?: { step?: number; token?: number } }[] }>(`${url}/logs`)).lines
  const steps = lines.flatMap(({ fields }) => (fields?.step === undefined ? [] : `${fields.token} ${fields.step}`))
  if (new Set(steps).size < steps.length) refuse(`its log repeats lines: ${steps.join(', ')}`)
  const { outputs } = await getJson<{ outputs: ShownOutput[] }>(`${url}/outputs`)
  if (job.status !== 'completed') {
    if (outputs.length > 0) refuse('it has outputs, and did not complete')
    return
  }
  const result = ChaosResult.parse(job.result)
  const winner = history?.attempts.at(-1)
  if (winner?.token !== result.token) refuse(`its result is of token ${result.token}, its outcome of ${winner?.token}`)
  if (!isDeepStrictEqual(result.digests, accepted.digests)) refuse('it read other bytes than were given to it')
  const { total, done, failed } = job.files
  if (total !== accepted.digests.length || done !== total || failed !== 0)
    refuse(`its ledger says ${JSON.stringify(job.files)}`)
  await checkOutputs(accepted, result.token, outputs, refuse)
}

async function checkOutputs(
  { errand, jobId }: Accepted,
  token: number,
  outputs: readonly ShownOutput[],
  refuse: (text: string) => void,
): Promise<void> {
  const { records } = parametersOf(errand)
  if (records === 0) return outputs.length > 0 ? refuse('it has outputs and wrote none') : undefined
  let lines = 0
  for (const { uri, url, sha256 } of outputs) {
    const answer = await fetch(url)
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (!answer.ok) refuse(`${uri} cannot be read: ${answer.status} ${bytes.toString().slice(0, 200)}`)
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) refuse(`${uri} is not what was written`)
    if (uri.endsWith('.jsonl')) {
      const rows = bytes
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      lines += rows.length
      if (!rows.every((row, i) => isDeepStrictEqual(row, { job: jobId, token, i })))
        refuse(`${uri} is not of token ${token} alone`)
    }
    if (uri.endsWith('.tar')) {
      const missing = Array.from({ length: records }, (_, i) => `${jobId} ${token} ${i}\0`).filter(
        (text) => !bytes.includes(text),
      )
      if (missing.length > 0) refuse(`${uri} lacks ${missing.length} of ${records} artifacts of token ${token}`)
    }
  }
  if (lines !== records) refuse(`${lines} of ${records} records are there`)
}

async function getJson<Body>(url: string): Promise<Body> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${new URL(url).pathname}: ${answer.status} ${text}`)
  return JSON.parse(text)
}
