import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A server under load, in a process of its own. */
export interface Target extends AsyncDisposable {
  url: string
  /** An object that is there, to submit. */
  uri: string
  process: ChildProcess
}

/** Connections a load comes over unless it is said otherwise, one request at a time on each. */
const CONNECTIONS = 64

/** How often it is asked whether the last jobs are completed, in ms. */
const UNFINISHED_EVERY_MS = 10

/** Starts a script of this folder that tells its address, and stops it by letting go. */
export async function startTarget(script: string, args: readonly string[] = []): Promise<Target> {
  const child = fork(new URL(script, import.meta.url), args)
  const [{ url, uri }] = (await once(child, 'message')) as [{ url: string; uri: string }]
  const stop = async (): Promise<void> => {
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
  }
  return { url, uri, process: child, [Symbol.asyncDispose]: stop }
}

/** Submits so many jobs of one file; answers how many a second were accepted. */
export function submitMany(target: Pick<Target, 'url' | 'uri'>, jobs: number): Promise<number> {
  return submitAcross([target], jobs, CONNECTIONS)
}

/** Submits so many jobs, over so many connections to each of several replicas; answers how many a second were accepted. */
async function submitAcross(
  targets: readonly Pick<Target, 'url' | 'uri'>[],
  jobs: number,
  connectionsEach: number,
): Promise<number> {
  const opened = targets.flatMap((target) =>
    Array.from({ length: connectionsEach }, async () => ({
      bytes: submitRequest(target),
      socket: await open(Number(new URL(target.url).port)),
    })),
  )
  const connections = await Promise.all(opened)
  const left = { jobs }
  const begun = performance.now()
  await Promise.all(connections.map(({ socket, bytes }) => keepSubmitting(socket, bytes, left)))
  const seconds = (performance.now() - begun) / 1000
  for (const { socket } of connections) socket.destroy()
  return jobs / seconds
}

/**
 * Submits so many jobs to replicas that share them, over so many connections to each; answers how many a second were
 * completed, all of them by any.
 */
export async function completeAcross(
  targets: readonly [Target, ...Target[]],
  jobs: number,
  connectionsEach: number,
): Promise<number> {
  const begun = performance.now()
  await submitAcross(targets, jobs, connectionsEach)
  while ((await unfinished(targets[0])) > 0) await pause(UNFINISHED_EVERY_MS)
  return jobs / ((performance.now() - begun) / 1000)
}

async function unfinished({ process: child }: Target): Promise<number> {
  child.send('unfinished')
  return (await once(child, 'message'))[0]
}

/** Submits so many jobs to a target that works on them; answers how many a second were completed. */
export async function completeMany(target: Target, jobs: number): Promise<number> {
  const done = once(target.process, 'message')
  target.process.send(jobs)
  const begun = performance.now()
  await Promise.all([done, submitMany(target, jobs)])
  return jobs / ((performance.now() - begun) / 1000)
}

function submitRequest({ url, uri }: Pick<Target, 'url' | 'uri'>): Buffer {
  const body = JSON.stringify({ manifest_inline: { files: [uri] } })
  const head = ['POST /jobs HTTP/1.1', `Host: ${new URL(url).host}`, 'Content-Type: application/json']
  return Buffer.from([...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/**
 * Raw bytes instead of Node's HTTP client, which takes more time for a request than the server it measures. The answers
 * are small and never pipelined, so each begins and ends with a chunk of its own.
 */
function keepSubmitting(socket: Socket, bytes: Buffer, left: { jobs: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (left.jobs === 0) {
        resolve()
        return
      }
      left.jobs -= 1
      socket.write(bytes)
    }
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (answer) => {
      if (answer.toString('latin1', 9, 12) === '202') next()
      else reject(new Error(`not accepted: ${answer}`))
    })
    next()
  })
}
