import type { ObjectStore } from '../storage/object-store.ts'
import { formatObjectUri, type ObjectRef } from '../storage/object-uri.ts'
import { forEachAtOnce } from './at-once.ts'

/** From this many files in one folder a listing is cheaper than asking for each: a page of 1,000 costs about as much as 20. */
const WORTH_LISTING = 32
/** A folder may hold far more than the manifest names; the listing is broken off when so many times as much went by. */
const MAX_STRANGERS = 20

/**
 * Learns sizes from listings: one request tells of a thousand objects, where asking for each takes a thousand. Answers
 * what it found by URI; what is not there may yet exist, as listings are broken off and may not be permitted.
 */
export async function listSizes(
  refs: readonly ObjectRef[],
  options: { store: ObjectStore; concurrency: number; signal: AbortSignal },
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const folders = Map.groupBy(refs, ({ bucket, key }) => formatObjectUri({ bucket, key: folderOf(key) }))
  const large = [...folders.values()].filter((members) => members.length >= WORTH_LISTING)
  await forEachAtOnce(large, options, (members, signal) =>
    // Whatever kept a listing from ending is met again, and told, when the rest is asked for one by one.
    listFolder(options.store, members, sizes, signal).catch(() => {}),
  )
  return sizes
}

async function listFolder(
  store: ObjectStore,
  members: readonly ObjectRef[],
  sizes: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const [first] = members
  if (!first) return
  const wanted = new Set(members.map(({ key }) => key))
  let left = members.length * MAX_STRANGERS
  for await (const { key, sizeBytes } of store.list(first.bucket, folderOf(first.key))) {
    if (wanted.delete(key)) sizes.set(formatObjectUri({ bucket: first.bucket, key }), sizeBytes)
    left -= 1
    if (wanted.size === 0 || left === 0 || signal.aborted) return
  }
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}
