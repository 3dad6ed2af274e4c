import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { startFauxqs } from 'fauxqs'
import { accepting } from './accepting.ts'
import { freePort } from './free-port.ts'
import { tempFolder } from './temp-folder.ts'

/** An S3 server for tests. */
export interface S3Server extends AsyncDisposable {
  /** `given` is the one of TEST_S3_URL. */
  readonly name: 'given' | 'versitygw' | 'fauxqs'
  readonly endpoint: string
  readonly region: string
  readonly credentials: { accessKeyId: string; secretAccessKey: string }
}

/**
 * Starts an S3 server, and says on stderr which: the one at TEST_S3_URL (with TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY),
 * else versitygw from PATH or Go's own folder, else npm's fauxqs for what that can do. With LONGSHORE_REQUIRE_S3=1
 * anything less than a real server is a failure.
 */
export async function startS3Server(): Promise<S3Server> {
  const server = givenServer() ?? (await startVersitygw()) ?? (await startFauxqsServer())
  process.stderr.write(`S3 tests run against ${server.name} at ${server.endpoint}\n`)
  return server
}

function givenServer(): S3Server | undefined {
  const endpoint = process.env.TEST_S3_URL
  if (!endpoint) return undefined
  const accessKeyId = process.env.TEST_S3_ACCESS_KEY ?? 'test'
  const secretAccessKey = process.env.TEST_S3_SECRET_KEY ?? 'test'
  return describe('given', endpoint, { accessKeyId, secretAccessKey }, async () => {})
}

async function startVersitygw(): Promise<S3Server | undefined> {
  const program = findVersitygw()
  if (!program) return undefined
  const folder = await tempFolder()
  const port = await freePort()
  const credentials = { accessKeyId: 'longshore-test', secretAccessKey: 'longshore-test-secret' }
  const login = ['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey]
  const listen = ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet']
  const child = spawn(program, [...login, ...listen, 'posix', folder.path], { stdio: ['ignore', 'ignore', 'pipe'] })
  const stop = stopWithUs(child)
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000)
  })
  await accepting(child, port, () => said)
  return describe('versitygw', `http://127.0.0.1:${port}`, credentials, async () => {
    await stop()
    await folder[Symbol.asyncDispose]()
  })
}

async function startFauxqsServer(): Promise<S3Server> {
  if (process.env.LONGSHORE_REQUIRE_S3 === '1') {
    throw new Error(
      'LONGSHORE_REQUIRE_S3=1, but neither TEST_S3_URL is set nor versitygw found on PATH or in GOPATH/bin',
    )
  }
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return describe('fauxqs', `http://127.0.0.1:${server.port}`, credentials, () => server.stop())
}

function describe(
  name: S3Server['name'],
  endpoint: string,
  credentials: S3Server['credentials'],
  close: () => Promise<void>,
): S3Server {
  return { name, endpoint, region: 'us-east-1', credentials, [Symbol.asyncDispose]: close }
}

function findVersitygw(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const onPath = folders.map((folder) => join(folder, 'versitygw')).find((path) => existsSync(path))
  return onPath ?? inGoFolder()
}

function inGoFolder(): string | undefined {
  try {
    const path = join(execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin', 'versitygw')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** Ends the child when asked, and in any case when this process ends. */
function stopWithUs(child: ChildProcess): () => Promise<void> {
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', kill)
  return async () => {
    process.off('exit', kill)
    if (child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
}
