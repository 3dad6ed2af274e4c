import type { Stop } from './stop.ts'

/**
 * Works on a few items at a time, taken from one source by all, and only when there is a hand free for one. The first
 * failure aborts `stop`, and its reason is what this rejects with; nothing runs on after that.
 */
export async function eachBounded<Item>(
  items: AsyncGenerator<Item, void> | Iterator<Item>,
  bound: number,
  stop: Stop,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const run = async (): Promise<void> => {
    for (let next = await items.next(); !next.done; next = await items.next()) {
      stop.signal.throwIfAborted()
      await action(next.value)
    }
  }
  const fail = (failure: unknown): void => stop.abort(failure)
  await Promise.all(Array.from({ length: bound }, () => run().catch(fail)))
  await items.return?.()
  stop.signal.throwIfAborted()
}

/** How many at once, as it was asked for. Throws a `TypeError` for what is no number of hands. */
export function boundOf(concurrency: number): number {
  if (Number.isInteger(concurrency) && concurrency > 0) return concurrency
  throw new TypeError(`Expected concurrency to be an integer from 1, got ${concurrency}`)
}
