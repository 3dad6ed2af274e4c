import { parentPort, workerData } from 'node:worker_threads'
import { HostSession } from './host-session.ts'
import type { HostedModule } from './load-processor.ts'
import type { FromHost, ToHost } from './messages.ts'

/** A thread that runs a processor. */
const port = parentPort
if (port === null) throw new Error('This file is run as a thread by the service.')
const session = new HostSession({ send }, workerData as HostedModule, () => setImmediate(() => process.exit()))
port.on('message', (message: ToHost) => session.receive(message))
process.on('unhandledRejection', (reason) => {
  if (!session.blame(reason)) throw reason
})
process.on('uncaughtExceptionMonitor', (failure) => session.blame(failure))

/** A chunk is moved, not copied; it may be a small part of a large buffer, so it is cut out first. */
function send(message: FromHost): void {
  const chunk = message.type === 'object chunk' && new Uint8Array(message.chunk)
  if (chunk) port?.postMessage({ ...message, chunk }, [chunk.buffer])
  else port?.postMessage(message)
}
