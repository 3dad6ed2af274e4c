import type { Delivery, Job } from '@longshore/client'
import { useEffect, useState } from 'preact/hooks'
import { plural } from '../../format.ts'
import { Fault } from '../../parts/empty.tsx'
import { Ago } from '../../parts/time.tsx'
import { useLoad } from '../../state/load.ts'
import { attempt } from '../../state/notices.ts'
import { can, client } from '../../state/session.ts'

/** What receivers were told of the ends of the job, and how that went; nothing when it names no receiver. */
export function Deliveries({ job }: { job: Job }) {
  const [everyMs, setEveryMs] = useState<number | undefined>(undefined)
  const read = (signal: AbortSignal): Promise<Delivery[]> => client().webhooks(job.job_id, { signal })
  const deliveries = useLoad(read, `${job.job_id} ${job.status}`, everyMs)
  useEffect(() => setEveryMs(pauseOf(deliveries.value ?? [])), [deliveries.value])
  if (!deliveries.error && !deliveries.value?.length) return null
  return (
    <section class="card" aria-labelledby="webhooks">
      <h2 id="webhooks">Webhooks</h2>
      {deliveries.error && <Fault error={deliveries.error} retry={deliveries.reload} />}
      <ul class="plain">
        {deliveries.value?.map((delivery) => (
          <Item key={delivery.delivery_id} delivery={delivery} jobId={job.job_id} onChange={deliveries.reload} />
        ))}
      </ul>
    </section>
  )
}

/** No event tells of deliveries: those under way are asked for soon again, those tried later now and then. */
function pauseOf(deliveries: readonly Delivery[]): number | undefined {
  if (deliveries.some(({ status }) => status === 'sending')) return 1_000
  return deliveries.some(({ status }) => status === 'pending') ? 10_000 : undefined
}

function Item({ delivery, jobId, onChange }: { delivery: Delivery; jobId: string; onChange: () => void }) {
  const { delivery_id: id, type, url, status, attempt: tries, attempts, next_at: next } = delivery
  const last = attempts.at(-1)
  const resend = async (): Promise<void> => {
    await attempt(async () => {
      await client().resendWebhook(jobId, id)
      return 'The receiver is told once more.'
    })
    onChange()
  }
  return (
    <li class="delivery">
      <div>
        <strong>{type}</strong> <span class={status === 'failed' ? 'refusal' : 'muted'}>{status}</span>
        <span class="muted">
          , {plural(tries, 'try', 'tries')}
          {next !== null && (
            <>
              , next <Ago at={next} />
            </>
          )}
        </span>
      </div>
      <div class="clip" title={url}>
        {url}
      </div>
      {last && (
        <div class={last.error === null ? 'muted' : 'refusal'}>
          {last.error ?? `HTTP ${last.http_status} in ${last.duration_ms} ms.`} <Ago at={last.at} />
        </div>
      )}
      {can.value.operate && status !== 'sending' && (
        <button type="button" class="small" onClick={resend}>
          Tell it once more
        </button>
      )}
    </li>
  )
}
