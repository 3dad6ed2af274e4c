/**
 * Runs `action` for every item, at most `concurrency` at once. After the first failure no further item is begun and the
 * signal the others hold aborts with it; the failure is thrown once nothing runs any more.
 */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  { concurrency, signal }: { concurrency: number; signal: AbortSignal },
  action: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted()
  const [only] = items
  // Most jobs have one file, and making a signal that follows another takes longer than all the rest here.
  if (items.length === 1 && only !== undefined) return action(only, signal)
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const left = items.values()
  const work = async (): Promise<void> => {
    for (const item of left) {
      either.throwIfAborted()
      await action(item, either)
    }
  }
  const failures: unknown[] = []
  const note = (failure: unknown): void => {
    failures.push(failure)
    stop.abort(failure)
  }
  const workers = Math.min(concurrency, items.length)
  await Promise.all(Array.from({ length: workers }, () => work().catch(note)))
  if (failures.length > 0) throw failures[0]
}
