import { type BigIntStats, statSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { unless } from './disk.ts'

/**
 * File systems of this machine's own disks and memory (`f_type` of statfs(2)): ext, xfs, btrfs, f2fs, zfs, tmpfs, overlay.
 * Any other may have to ask another machine.
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630,
])

/** So long may looks take in one turn of the event loop, in ms. */
const TURN_MS = 1

/** A turn whose looks took longer than this, in ms, may have met a busy disk: none is taken at once for so many times as long. */
const SLOW_MS = 2
const PAUSE = 20

const NOT_THERE = ['ENOENT', 'ENOTDIR']

/**
 * Looks at the files of buckets. Where a bucket lies on a local disk, a look is taken at once: it takes 2 µs, and to have a
 * thread of the pool do it 50. More of them than fit into a turn of the event loop, those right after slow ones, and those
 * on any other file system go to the pool. So the event loop waits for a busy disk a twentieth of the time at most.
 */
export class FileLooks {
  readonly #root: string
  readonly #now: () => number
  /** The device of each bucket that is local, null of one that is not. */
  readonly #devices = new Map<string, bigint | null>()
  #tookMs = 0
  #pausedUntil = Number.NEGATIVE_INFINITY

  /**
   * @param root the folder of the buckets
   * @param now time in ms, never set back
   */
  constructor(root: string, now = () => performance.now()) {
    this.#root = root
    this.#now = now
  }

  /** What the file system knows of a path in a bucket; undefined when nothing is there. The first look learns where the bucket lies. */
  at(bucket: string, path: string): BigIntStats | undefined | Promise<BigIntStats | undefined> {
    const device = this.#devices.get(bucket)
    if (device === undefined) this.#learn(bucket)
    if (device && this.#tookMs < TURN_MS && this.#now() >= this.#pausedUntil) return this.#look(bucket, path, device)
    return unless(NOT_THERE, stat(path, { bigint: true }))
  }

  #learn(bucket: string): void {
    this.#devices.set(bucket, null)
    const folder = join(this.#root, bucket)
    Promise.all([statfs(folder), stat(folder, { bigint: true })]).then(
      ([{ type }, { dev }]) => this.#devices.set(bucket, LOCAL.has(type) ? dev : null),
      // It may not be there yet.
      () => this.#devices.delete(bucket),
    )
  }

  #look(bucket: string, path: string, device: bigint): BigIntStats | undefined {
    const begun = this.#now()
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    const ended = this.#now()
    if (this.#tookMs === 0) {
      setImmediate(() => {
        this.#tookMs = 0
      })
    }
    // Never 0, so that the turn is known to have begun.
    this.#tookMs += Math.max(ended - begun, Number.EPSILON)
    if (this.#tookMs > SLOW_MS) this.#pausedUntil = ended + PAUSE * this.#tookMs
    // Something else is mounted there, or linked to.
    if (stats && stats.dev !== device) this.#devices.set(bucket, null)
    return stats
  }
}
