import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import type { PostgresBench } from './postgres-bench.ts'

/** Holds what a statement locks. */
export interface Hold {
  /** Resolves when somebody waits for it. */
  reached(): Promise<void>
  /** Ends the connections that wait for it. */
  cutOff(): Promise<void>
  letGo(): Promise<void>
}

/** Keeps a writer from ending its next statement, until told to let go. */
export function holdUp({ url, schema }: PostgresBench, writer: 'inserts' | 'changes' | 'claims'): Promise<Hold> {
  return lock(url, `SELECT FROM ${schema}.counters WHERE owner LIKE '%:${writer}' FOR UPDATE`)
}

export async function lock(url: string, statement: string): Promise<Hold> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN')
  await client.query(statement)
  const isWaiting = 'pg_backend_pid() = ANY(pg_blocking_pids(pid))'
  return {
    async reached() {
      while ((await client.query(`SELECT FROM pg_locks WHERE ${isWaiting}`)).rowCount === 0) await pause(5)
    },
    async cutOff() {
      await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isWaiting}`)
    },
    async letGo() {
      await client.end()
    },
  }
}
