import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { accepting } from './accepting.ts'
import { freePort } from './free-port.ts'
import { unprivileged } from './postgres-server.ts'
import { tempFolder } from './temp-folder.ts'

/** A pooler in transaction mode before a PostgreSQL server. */
export interface Pooler extends AsyncDisposable {
  /** What stands for the server's own URL. */
  readonly url: string
  /** Kills it, and starts it again on the same port. */
  restart(): Promise<void>
}

/**
 * Starts PgBouncer before the server at `url`, with so few connections to it. Undefined when it is not installed; with
 * LONGSHORE_REQUIRE_PGBOUNCER=1 that is a failure.
 */
export async function startPgbouncer(url: string, serverConnections: number): Promise<Pooler | undefined> {
  const program = findProgram()
  if (program === undefined) {
    if (process.env.LONGSHORE_REQUIRE_PGBOUNCER !== '1') return undefined
    throw new Error('LONGSHORE_REQUIRE_PGBOUNCER=1, but pgbouncer was not found on PATH or in /usr/sbin')
  }
  const folder = await tempFolder()
  chmodSync(folder.path, 0o755)
  const port = await freePort()
  const file = join(folder.path, 'pgbouncer.ini')
  writeFileSync(file, configuration(new URL(url), port, serverConnections))
  const boot = async (): Promise<ChildProcess> => {
    // It refuses to run as root.
    const started = spawn(program, [file], { ...unprivileged(), stdio: 'ignore' })
    await accepting(started, port)
    return started
  }
  let child = await boot()
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  const end = async (): Promise<void> => {
    const exited = once(child, 'exit')
    if (kill()) await exited
  }
  const own = new URL(url)
  own.port = String(port)
  return {
    url: own.href,
    async restart() {
      await end()
      child = await boot()
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      await end()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function configuration({ hostname, port, username, pathname }: URL, own: number, serverConnections: number): string {
  return `[databases]
* = host=${hostname} port=${port || 5432} user=${username} dbname=${pathname.slice(1)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${serverConnections}
max_client_conn = 200
`
}

function findProgram(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path))
}
