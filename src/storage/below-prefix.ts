import type { ObjectStore } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'

/** Objects deleted in one go at most. */
const DELETE_PAGE = 1000

/** Deletes every object whose key begins with `prefix`, a page at a time. */
export async function deleteBelow(store: ObjectStore, bucket: string, prefix: string): Promise<void> {
  let page: ObjectRef[] = []
  for await (const { key } of store.list(bucket, prefix)) {
    page.push({ bucket, key })
    if (page.length === DELETE_PAGE) {
      await store.delete(page)
      page = []
    }
  }
  if (page.length > 0) await store.delete(page)
}

/**
 * Drops the uploads of keys that begin with `prefix`, when none of them is under way any more. S3 may have some whose
 * ids nobody knows: a crash cuts one off between its parts, and where the answer to the request that opens one is lost,
 * repeating it opens another. The local store has none, and would look through all uploads for them.
 */
export async function dropStrayUploads(store: ObjectStore, bucket: string, prefix: string): Promise<void> {
  if (store.kind === 's3') await store.abortUploads(bucket, prefix)
}
