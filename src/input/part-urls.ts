import type { Ingest, IngestFile } from '../engine/ingest-records.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { partCountOf, sizeOfPart } from './part-plan.ts'

/** Where one part goes. */
export interface PartUrl {
  partNumber: number
  url: string
}

/** Signing is work of the processor, 6 µs a URL: so many are signed before others get their turn. */
const SIGNED_AT_ONCE = 500

/** The URLs of the parts of a file, all of them unless told which. Other work goes on meanwhile. */
export async function signPartUrls(
  store: ObjectStore,
  ingest: Ingest,
  file: IngestFile,
  partNumbers: readonly number[] = Array.from({ length: partCountOf(file) }, (_, i) => i + 1),
): Promise<PartUrl[]> {
  const ref = { bucket: ingest.bucket, key: file.key }
  const sign = async (partNumber: number): Promise<PartUrl> => {
    const part = { partNumber, sizeBytes: sizeOfPart(file, partNumber) }
    return { partNumber, url: await store.signPart(ref, file.uploadId, part, ingest.expiresAt) }
  }
  const urls: PartUrl[] = []
  for (let from = 0; from < partNumbers.length; from += SIGNED_AT_ONCE) {
    urls.push(...(await Promise.all(partNumbers.slice(from, from + SIGNED_AT_ONCE).map(sign))))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return urls
}
