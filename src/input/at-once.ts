/**
 * Runs `action` for every item, at most `concurrency` at once. After the first failure no further item is begun and the
 * signal the others hold aborts with it; the failure is thrown once nothing runs any more.
 */
export async function forEachAtOnce<Item>(
  items: Iterable<Item>,
  { concurrency, signal }: { concurrency: number; signal: AbortSignal },
  action: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted()
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const left = Iterator.from(items)
  const work = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) {
      either.throwIfAborted()
      await action(next.value, either)
    }
  }
  const failures: unknown[] = []
  const note = (failure: unknown): void => {
    failures.push(failure)
    stop.abort(failure)
  }
  await Promise.all(Array.from({ length: concurrency }, () => work().catch(note)))
  if (failures.length > 0) throw failures[0]
}
