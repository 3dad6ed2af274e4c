import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredPart, UploadHeader } from './upload-journal.ts'
import { partCountOf, partEtag, plannedSizeOf } from './upload-layout.ts'

/** A CRC-32 behind the bytes of a part that has a file of its own. */
const TRAILER_BYTES = 4

const PLACED = /^placed-(\d+)-([0-9a-f]{8})$/
const ASIDE = /^part-(\d+)$/

/** One request of all may write part n to its place. */
export function claimName(partNumber: number): string {
  return `claim-${partNumber}`
}

/** It has done so; an empty file, whose name says all. */
export function placedName(partNumber: number, crc32: number): string {
  return `placed-${partNumber}-${crc32.toString(16).padStart(8, '0')}`
}

/** Part n in a file of its own. */
export function asideName(partNumber: number): string {
  return `part-${partNumber}`
}

/** What is written behind the bytes of a part that has a file of its own. */
export function trailerOf(crc32: number): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES)
  trailer.writeUInt32BE(crc32)
  return trailer
}

/** The parts in an upload's folder, by number; one with a file of its own counts instead of the one in place. */
export async function readParts(folder: string, header: UploadHeader): Promise<Map<number, StoredPart>> {
  const names = await readdir(folder)
  const parts = new Map<number, StoredPart>()
  const keep = (partNumber: number, crc32: number, file: string | null): void => {
    if (partNumber < 1 || partNumber > partCountOf(header)) return
    const sizeBytes = plannedSizeOf(header, partNumber)
    parts.set(partNumber, { partNumber, sizeBytes, etag: partEtag({ crc32, sizeBytes }), file })
  }
  for (const name of names) {
    const [, number, crc32] = PLACED.exec(name) ?? []
    if (number !== undefined) keep(Number(number), Number.parseInt(crc32 ?? '', 16), null)
  }
  for (const name of names) {
    const [, number] = ASIDE.exec(name) ?? []
    if (number !== undefined) keep(Number(number), await readTrailer(join(folder, name)), name)
  }
  return parts
}

async function readTrailer(path: string): Promise<number> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const { buffer } = await handle.read(Buffer.alloc(TRAILER_BYTES), { position: size - TRAILER_BYTES })
    return buffer.readUInt32BE()
  } finally {
    await handle.close()
  }
}
