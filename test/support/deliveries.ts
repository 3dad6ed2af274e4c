import type { Api } from './api.ts'

/** A delivery as the wire shows it, as far as tests look. */
export interface WireDelivery {
  delivery_id: string
  type: string
  status: string
  next_at: string | null
  attempt: number
  attempts: { http_status: number | null; error: string | null }[]
}

/** What is told of a job, newest first. */
export async function deliveriesOf(api: Api, id: string): Promise<WireDelivery[]> {
  return (await api.get<{ deliveries: WireDelivery[] }>(`/jobs/${id}/webhooks`)).deliveries
}

/** The only delivery of a job, once it stands so. */
export async function deliveryOf(
  api: Api,
  id: string,
  isSo: (delivery: WireDelivery) => boolean,
): Promise<WireDelivery> {
  for (;;) {
    const [only] = await deliveriesOf(api, id)
    if (only && isSo(only)) return only
    await new Promise((resolve) => setImmediate(resolve))
  }
}
