import { mkdirSync } from 'node:fs'
import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Lease } from '../job/job.ts'

/** The scratch folders of attempts, all below one root. */
export class WorkFolders {
  readonly #root: string

  constructor(root: string) {
    this.#root = resolve(root)
  }

  /** Removes what a crash left behind. */
  async start(): Promise<void> {
    await mkdir(this.#root, { recursive: true })
    for (const name of await readdir(this.#root)) await remove(join(this.#root, name))
  }

  /** The folder of one attempt, made when its path is first asked for. */
  open(lease: Lease): WorkFolder {
    return new WorkFolder(join(this.#root, `${lease.jobId}-${lease.token}`))
  }
}

/** One attempt's scratch folder: inputs in `inputs/`, the rest is the processor's. */
export class WorkFolder {
  readonly #path: string
  #made = false

  constructor(path: string) {
    this.#path = path
  }

  /** Its path; the folder is there when this returns. Made by a blocking call: it is one, and most jobs need none. */
  path(): string {
    if (!this.#made) mkdirSync(this.#path, { recursive: true })
    this.#made = true
    return this.#path
  }

  async remove(): Promise<void> {
    if (this.#made) await remove(this.#path)
  }
}

/** A processor may have unpacked folders that nobody may write to: those are opened first. */
async function remove(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 }
  await rm(path, options).catch(async () => {
    await openFolders(path)
    await rm(path, options)
  })
}

async function openFolders(path: string): Promise<void> {
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(path, entry.name))
  }
}
