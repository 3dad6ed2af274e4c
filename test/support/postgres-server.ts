import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from './free-port.ts'

/** A PostgreSQL server for tests. */
export interface PostgresServer extends AsyncDisposable {
  readonly url: string
  /**
   * Ends the server by a signal (SIGTERM waits for clients, SIGINT does not, SIGQUIT and SIGKILL crash it), lets it be
   * away for so long, in ms, and starts it again; resolves when it answers. Undefined for a given one.
   */
  readonly restart: ((signal: NodeJS.Signals, awayMs: number) => Promise<void>) | undefined
}

/**
 * Starts a PostgreSQL server of its own on a free port, in a temporary folder; or answers the one of TEST_DATABASE_URL.
 * Undefined when there are no programs to start one from; with LONGSHORE_REQUIRE_POSTGRES=1 that is a failure.
 */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<PostgresServer | undefined> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return { url: given, restart: undefined, [Symbol.asyncDispose]: async () => {} }
  const programs = findPrograms()
  if (programs) return startServer(programs, settings)
  if (process.env.LONGSHORE_REQUIRE_POSTGRES !== '1') return undefined
  throw new Error(
    'LONGSHORE_REQUIRE_POSTGRES=1, but neither TEST_DATABASE_URL is set nor initdb and postgres were found',
  )
}

async function startServer(programs: string, settings: readonly string[]): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-postgres-'))
  const user = unprivileged()
  if (user) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const how = { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } }
  const init = ['-D', data, '--auth=trust', '--username=longshore', '--encoding=UTF8', '--no-sync']
  execFileSync(join(programs, 'initdb'), init, { ...how, stdio: 'ignore' })
  const port = await freePort()
  const options = [
    ...settings,
    'max_connections=200',
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
  ]
  const flags = options.flatMap((option) => ['-c', option])
  const boot = (): ChildProcess =>
    spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...flags], { ...how, stdio: 'ignore' })
  let server = boot()
  const clear = (): void => rmSync(folder, { recursive: true, force: true })
  const kill = (): void => {
    server.kill('SIGKILL')
    clear()
  }
  process.once('exit', kill)
  const url = `postgres://longshore@127.0.0.1:${port}/postgres`
  await answering(url, server)
  return {
    url,
    async restart(signal, awayMs) {
      await end(server, signal)
      await pause(awayMs)
      // The processes of a server that was killed hold its memory until they notice: till then a new one ends at once.
      for (;;) {
        server = boot()
        if (
          await answering(url, server).then(
            () => true,
            () => false,
          )
        )
          return
        await pause(100)
      }
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      await end(server, 'SIGINT')
      clear()
    },
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill(signal)
  await exited
}

/** PostgreSQL, and what belongs to it, refuses to run as root: then it runs as the user that its package made. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** The folder of initdb and postgres: on PATH, or where Debian keeps them. */
function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    const client = new Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch (failure) {
      if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`, { cause: failure })
      await pause(20)
    }
  }
}
