import { limitOf, type Transport } from '../transport.ts'
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
  const supplies = sources.map(supplyOf)
  const stop = limitOf({ signal, timeoutMs })
  const session = new UploadSession({ calls: new ServiceCalls(transport), digests }, supplies, options, stop)
  try {
    return await session.run()
  } catch (failure) {
    if (signal?.aborted !== true) throw uploadFailure(failure, session)
    if (onAbort === 'discard') await session.discard()
    throw signal.reason
  } finally {
    stop.release()
  }
}
