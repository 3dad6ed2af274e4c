import { once } from 'node:events'
import { createServer } from 'node:net'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import type { Config } from '../../config.ts'
import { Health } from '../../contract/service.ts'
import { listenError } from '../../serve.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, warning, failed } = findingsOf('port')

/** How long whoever has the port may take to say who it is. */
const ANSWER_MS = 2000

/** Whether the service could listen; else who does. A service on a folder in use is likely to be the one that has the port. */
export async function checkPort(config: Config, folder: 'held' | 'free'): Promise<Finding> {
  const { host, port } = config
  const failure = await tryToListen(host, port)
  if (failure === undefined) return ok(port === 0 ? `any free port on ${host}` : `${host}:${port} is free`)
  if (systemCodeOf(failure) !== 'EADDRINUSE') {
    return failed(messageOf(listenError(failure, config) ?? failure), 'Set HOST and PORT to what this machine has')
  }
  const name = await whoAnswers(host, port)
  if (name === undefined) {
    return failed(`${host}:${port} is taken by another program`, 'Stop it, or set PORT to another port')
  }
  const message = `The Longshore service ${name} answers on ${host}:${port}`
  if (folder === 'held') return ok(message)
  return warning(
    `${message}, on another data folder`,
    'Stop it, or set PORT to another port, before you start this one',
  )
}

async function tryToListen(host: string, port: number): Promise<unknown> {
  const server = createServer()
  try {
    server.listen({ host: host.replace(/^\[|\]$/g, ''), port, exclusive: true })
    await once(server, 'listening')
    return undefined
  } catch (failure) {
    return failure
  } finally {
    server.close()
  }
}

/** Name and version of the Longshore service on a port of this machine; undefined when it is something else. */
async function whoAnswers(host: string, port: number): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://${reachable(host)}:${port}/health`, { signal: AbortSignal.timeout(ANSWER_MS) })
    const { name, version } = Health.parse(await answer.json())
    return `${name} ${version}`
  } catch {
    return undefined
  }
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::' || host === '[::]') return '[::1]'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
