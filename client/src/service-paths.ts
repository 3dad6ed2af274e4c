/** The path of everything about a job. Throws a `TypeError` for what no job can be named, as it would lead elsewhere. */
export function jobPath(jobId: string): string {
  return `jobs/${segmentOf(jobId)}`
}

/** The path of everything about one delivery of a job. Throws as {@link jobPath}. */
export function deliveryPath(jobId: string, deliveryId: string): string {
  return `${jobPath(jobId)}/webhooks/${segmentOf(deliveryId, 'a delivery')}`
}

/** The path of everything about a schedule. Throws as {@link jobPath}. */
export function schedulePath(name: string): string {
  return `schedules/${segmentOf(name, 'a schedule')}`
}

/** The path of everything about an upload that becomes a job. Throws as {@link jobPath}. */
export function ingestPath(jobId: string): string {
  return `ingest/${segmentOf(jobId)}`
}

/** The job that a path of {@link jobPath} or below is about; undefined for any other. */
export function jobIdOf(path: string): string | undefined {
  const segment = /^jobs\/([^/?]+)/.exec(path)?.[1]
  return segment === undefined ? undefined : decodeURIComponent(segment)
}

/** Nothing that is escaped means a place elsewhere, but dots, which mean the same escaped. */
function segmentOf(id: string, whose = 'a job'): string {
  if (typeof id === 'string' && !/^\.{0,2}$/.test(id)) return encodeURIComponent(id)
  throw new TypeError(`Expected the id of ${whose}, got ${JSON.stringify(id)}`)
}
