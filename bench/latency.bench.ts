import { startTarget } from './support/load.ts'
import { median, report } from './support/report.ts'

/** From submit to the result seen by `?wait`, on an idle service. */
const SUBMITS = 300

await using service = await startTarget('noop-service.ts')
const latencies: number[] = []
for (let i = 0; i < SUBMITS; i++) latencies.push(await roundTrip())
report({ what: 'submit to result seen by ?wait, p50', unit: 'ms', ours: median(latencies), goal: { atMost: 10 } })

async function roundTrip(): Promise<number> {
  const begun = performance.now()
  const submitted = await fetch(`${service.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ manifest_inline: { files: [service.uri] } }),
  })
  const { job_id } = (await submitted.json()) as { job_id: string }
  for (;;) {
    const job = (await (await fetch(`${service.url}/jobs/${job_id}?wait=10`)).json()) as { status: string }
    if (job.status === 'completed') return performance.now() - begun
  }
}
