/** Whether an `If-None-Match` or `If-Match` header names this ETag, by weak comparison (RFC 9110 §8.8.3.2). */
export function namesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const wanted = strong(etag)
  return header.split(',').some((each) => strong(each.trim()) === wanted)
}

/** The ETag of a job: weak, because estimates in its body move on without a new version. */
export function jobEtag(version: number): string {
  return `W/"${version}"`
}

/** The version a client knows by its `If-None-Match`; undefined when it is not an ETag of ours. */
export function knownVersion(header: string | undefined): number | undefined {
  const digits = /^(?:W\/)?"(\d{1,15})"$/.exec(header?.trim() ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function strong(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}
