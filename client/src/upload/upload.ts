import { NetworkError } from '../errors.ts'
import type { Transport } from '../transport.ts'
import type { Digests } from './digests.ts'
import { ServiceCalls } from './service-calls.ts'
import { supplyOf, type UploadSource } from './source.ts'
import { uploadFailure } from './upload-failure.ts'
import type { UploadOptions } from './upload-options.ts'
import { UploadSession } from './upload-session.ts'

/**
 * Uploads files and so submits a job; answers the job's id. Rejects with the reason of an aborted signal, with an
 * `UploadError` otherwise; then the upload stays open on the service, for `resume`, until it expires.
 */
export async function upload(
  transport: Transport,
  digests: Digests,
  sources: readonly UploadSource[],
  options: UploadOptions,
): Promise<string> {
  const { signal, timeoutMs, onAbort = 'discard' } = options
  const stop = new AbortController()
  const unlink = linkStop(stop, signal, timeoutMs)
  const session = new UploadSession(
    { calls: new ServiceCalls(transport), digests },
    sources.map(supplyOf),
    options,
    stop,
  )
  try {
    return await session.run()
  } catch (failure) {
    if (signal?.aborted !== true) throw uploadFailure(failure, session)
    if (onAbort === 'discard') await session.discard()
    throw signal.reason
  } finally {
    unlink()
  }
}

/** Stops the upload by the caller's signal or when its time is over; the answer undoes that. */
function linkStop(stop: AbortController, signal: AbortSignal | undefined, timeoutMs: number | undefined): () => void {
  const abort = (): void => stop.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop.abort(timedOut(timeoutMs)), timeoutMs)
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function timedOut(timeoutMs: number): NetworkError {
  const message = `The upload did not end within ${timeoutMs / 1000} s; it can be resumed`
  return new NetworkError({ code: 'TIMED_OUT', message, retryable: true })
}
