import {
  type ClaimedDelivery,
  type Delivery,
  type DeliveryOutcome,
  type DeliveryState,
  MAX_DELIVERY_ATTEMPTS,
} from '../delivery-records.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from './columns.ts'

/** The columns of {@link readDelivery} and {@link readClaimed}, in their order, of deliveries `d` joined with their jobs `j`. */
export const DELIVERY_COLUMNS =
  'd.id, j.id, d.type, d.url, d.state, d.created_at, d.due_at, d.expires_at, d.attempt, d.retries, d.attempts'

/** What a claim reads beside them. */
export const CLAIMED_COLUMNS = `${DELIVERY_COLUMNS}, d.token, d.body, j.traceparent, j.tenant`

export function readDelivery(row: Row): Delivery {
  const state = text(row, 4) as DeliveryState
  return {
    id: text(row, 0),
    jobId: text(row, 1),
    type: text(row, 2) as Delivery['type'],
    url: text(row, 3),
    state,
    createdAt: integer(row, 5),
    // While it is being tried the column holds the end of the lease.
    nextAt: state === 'pending' ? integerOrNull(row, 6) : null,
    expiresAt: integer(row, 7),
    attempt: integer(row, 8),
    retries: integer(row, 9),
    attempts: JSON.parse(text(row, 10)),
  }
}

export function readClaimed(row: Row): ClaimedDelivery {
  const [traceparent, tenant] = [textOrNull(row, 13), text(row, 14) || null]
  return { ...readDelivery(row), token: integer(row, 11), body: text(row, 12), traceparent, tenant }
}

/** What recording an outcome writes: state, due_at, attempt, retries, attempts. Nobody but the holder changes these, so they are not read again. */
export function outcomeValues(claimed: ClaimedDelivery, { state, dueAt, attempt }: DeliveryOutcome) {
  const tried = attempt ? [attempt] : []
  const attempts = [...claimed.attempts, ...tried].slice(-MAX_DELIVERY_ATTEMPTS)
  const count = tried.length
  return [state, dueAt, claimed.attempt + count, claimed.retries + count, JSON.stringify(attempts)] as const
}
