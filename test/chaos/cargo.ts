import { createHash } from 'node:crypto'
import { someBytes } from '../support/bytes.ts'
import type { Bucket } from '../support/s3-service.ts'
import type { Errand } from './plan.ts'

/** Bytes of a file, their SHA-256, and where they lie if they are in the store. */
export interface Cargo {
  name: string
  bytes: Buffer
  sha256: string
  uri?: string
}

/** Objects in the store that all jobs with a manifest share. */
const SEEDS = 12

/** Two parts of the least size that S3 knows. */
const LARGE_BYTES = 6 * 1024 * 1024

/** Where the shared objects lie: nothing of the run's own. */
export const SEED_PREFIX = 'seeds/'

/** Puts the shared objects into the store. */
export async function putSeeds(bucket: Bucket): Promise<Cargo[]> {
  return Promise.all(
    Array.from({ length: SEEDS }, async (_, i) => {
      const cargo = cargoOf(`seed-${i}.bin`, someBytes(100 + 4_000 * i))
      return { ...cargo, uri: await bucket.put(`${SEED_PREFIX}${cargo.name}`, cargo.bytes) }
    }),
  )
}

/** The files that an errand brings itself. */
export function filesOf({ number, files, way }: Errand): Cargo[] {
  const sizes = way === 'parts' ? [LARGE_BYTES, ...Array(files - 1).fill(50)] : Array(files).fill(200)
  return sizes.map((size, i) => cargoOf(`${number}-${i}.bin`, padded(`errand ${number}, file ${i}`, size)))
}

/** The shared objects that an errand names. */
export function seedsOf({ number, files }: Errand, seeds: readonly Cargo[]): Cargo[] {
  return Array.from({ length: files }, (_, i) => seeds[(number + i) % seeds.length]).filter(
    (cargo) => cargo !== undefined,
  )
}

function padded(text: string, size: number): Buffer {
  return Buffer.alloc(size, text.padEnd(64, '.'))
}

function cargoOf(name: string, bytes: Buffer): Cargo {
  return { name, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}
