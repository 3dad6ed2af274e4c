import type {
  ClaimedDelivery,
  Delivery,
  DeliveryClaim,
  DeliveryCounts,
  DeliveryOutcome,
  DeliveryRecords,
  DeliveryWish,
} from '../delivery-records.ts'
import type { DueNews } from '../due-news.ts'
import type { DeliveryTable } from './delivery-table.ts'

/** The engine's way to its tables; writes join its group commit. */
export interface DeliveryAccess {
  now(): number
  read<Answer>(look: (deliveries: DeliveryTable) => Answer): Answer
  write<Answer>(change: (deliveries: DeliveryTable) => Answer): Promise<Answer>
}

/** Deliveries in the embedded engine's file. */
export class SqliteDeliveryRecords implements DeliveryRecords {
  readonly #access: DeliveryAccess
  readonly #news: DueNews

  constructor(access: DeliveryAccess, news: DueNews) {
    this.#access = access
    this.#news = news
  }

  claim(wish: DeliveryWish): Promise<DeliveryClaim> {
    return this.#access.write((deliveries) => {
      const now = this.#access.now()
      return { deliveries: deliveries.claim(wish, now), ...deliveries.outlook(now) }
    })
  }

  record(claimed: ClaimedDelivery, outcome: DeliveryOutcome): Promise<boolean> {
    return this.#access.write((deliveries) => deliveries.record(claimed, outcome))
  }

  async list(jobId: string): Promise<Delivery[]> {
    return this.#access.read((deliveries) => deliveries.list(jobId))
  }

  async resend(jobId: string, id: string): Promise<Delivery | undefined> {
    const now = this.#access.now()
    const delivery = await this.#access.write((deliveries) => deliveries.resend(jobId, id, now))
    if (delivery) this.#news.tell(now)
    return delivery
  }

  async counts(): Promise<DeliveryCounts> {
    return this.#access.read((deliveries) => deliveries.counts())
  }

  onDue(listener: (dueAt: number) => void): void {
    this.#news.listen(listener)
  }
}
