import { type BigIntStats, statSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { unless } from './disk.ts'

/**
 * File systems of this machine's own disks and memory (`f_type` of statfs(2)): ext, xfs, btrfs, f2fs, zfs, tmpfs, overlay.
 * All others may ask another machine, which may not answer.
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630,
])

/** So many looks are taken in one turn of the event loop: 1 ms. */
const LOOKS_A_TURN = 500

/** A look that takes longer, in ms, may have met a busy disk: none is taken at once for so many times as long. */
const SLOW_MS = 2
const PAUSE = 20

const NOT_THERE = ['ENOENT', 'ENOTDIR']

/**
 * Looks at files. Where the folder lies on a local disk, a look is taken at once: it takes 2 µs, and to have a thread of
 * the pool do it 50. More of them in one turn, those right after a slow one, and those on any other
 * file system go to the pool: the event loop waits for a busy disk a twentieth of the time at most.
 */
export class FileLooks {
  readonly #now: () => number
  #isLocal = false
  #left = LOOKS_A_TURN
  #pausedUntil = Number.NEGATIVE_INFINITY

  /** @param now time in ms, never set back */
  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** Finds out where the folder lies; until then all looks go to the pool. */
  async start(folder: string): Promise<void> {
    this.#isLocal = LOCAL.has((await statfs(folder)).type)
  }

  /** What the file system knows of a path; undefined when nothing is there. */
  at(path: string): BigIntStats | undefined | Promise<BigIntStats | undefined> {
    return this.#mayLook() ? this.#look(path) : unless(NOT_THERE, stat(path, { bigint: true }))
  }

  #mayLook(): boolean {
    if (!this.#isLocal || this.#left === 0 || this.#now() < this.#pausedUntil) return false
    if (this.#left === LOOKS_A_TURN) {
      setImmediate(() => {
        this.#left = LOOKS_A_TURN
      })
    }
    this.#left -= 1
    return true
  }

  #look(path: string): BigIntStats | undefined {
    const begun = this.#now()
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    const ended = this.#now()
    if (ended - begun > SLOW_MS) this.#pausedUntil = ended + PAUSE * (ended - begun)
    return stats
  }
}
