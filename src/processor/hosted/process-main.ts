import { Socket } from 'node:net'
import { Frames } from './frames.ts'
import { HostSession } from './host-session.ts'
import type { FromHost, ToHost } from './messages.ts'

/** A process that runs a processor. It has no listener for SIGTERM on purpose: so that ends it whatever it is doing. */
const [, , module = '', exportName = ''] = process.argv
const channel = new Socket({ fd: 3, readable: true, writable: true })
const frames = new Frames<ToHost, FromHost>(
  channel,
  (message) => session.receive(message),
  () => process.exit(1),
)
const session = new HostSession({ send: (message) => frames.send(message) }, { module, export: exportName }, () =>
  channel.end(() => process.exit()),
)
/** The service is gone. */
channel.on('end', () => process.exit())
channel.on('error', () => process.exit())
process.on('unhandledRejection', (reason) => {
  if (!session.blame(reason)) throw reason
})
process.on('uncaughtExceptionMonitor', (failure) => session.blame(failure))
