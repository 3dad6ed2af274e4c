import type { UploadedPart } from './object-store.ts'

/** Whether two ETags are the same; clients send them with their quotes or without. */
export function sameEtag(a: string, b: string): boolean {
  return unquoted(a) === unquoted(b)
}

/** An ETag without its quotes. */
export function unquoted(etag: string): string {
  return etag.startsWith('"') && etag.endsWith('"') && etag.length > 1 ? etag.slice(1, -1) : etag
}

/** A part as the client lists it when it completes an upload. */
export interface ListedPart {
  partNumber: number
  etag: string
}

/** What is wrong with the order of the parts, naming the first that is wrong; undefined when they run from 1. */
export function findOrderFault(parts: readonly ListedPart[]): string | undefined {
  if (parts.length === 0) return 'No parts are listed; part 1 is missing.'
  const index = parts.findIndex((part, i) => part.partNumber !== i + 1)
  const wrong = parts[index]
  return (
    wrong && `Part ${wrong.partNumber} is listed where part ${index + 1} was expected: list all parts in order, from 1.`
  )
}

/**
 * What keeps these parts from making up the object, naming the first that does; undefined when they do.
 * `partCount` is how many there must be, where that is known.
 */
export function findPartFault(
  parts: readonly ListedPart[],
  received: ReadonlyMap<number, UploadedPart>,
  partCount?: number,
): string | undefined {
  const orderFault = findOrderFault(parts)
  if (orderFault) return orderFault
  for (const part of parts) {
    const stored = received.get(part.partNumber)
    if (!stored) return `Part ${part.partNumber} was not received.`
    if (sameEtag(stored.etag, part.etag)) continue
    return `Part ${part.partNumber} was received with the ETag ${unquoted(stored.etag)}, not ${unquoted(part.etag).slice(0, 100)}.`
  }
  if (partCount === undefined || parts.length === partCount) return undefined
  return `Part ${parts.length + 1} of ${partCount} is missing.`
}
