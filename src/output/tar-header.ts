import { once } from 'node:events'
import { pack } from 'tar-stream'

/** The same for every item, so that the same items give the same bytes. */
const MODIFIED_AT = new Date(0)

/** Where a tar header keeps what differs from item to item (POSIX.1-1988 ustar). */
const NAME_BYTES = 100
const SIZE_AT = 124
const SIZE_DIGITS = 11
const CHECKSUM_AT = 148
const CHECKSUM_DIGITS = 6
const CHECKSUM_BYTES = 8
const SPACE = 0x20

/**
 * Makes the headers of tar members. All come from tar-stream, but the usual ones, with a short name in ASCII, differ in
 * name and size only: the first of them serves as the form for the others. That takes a tenth of the time, which on
 * small items decides how fast a shard is written.
 */
export class TarHeaders {
  #form: Buffer | undefined
  /** Checksum of the form without name and size, its own field counted as spaces. */
  #formSum = 0

  /** A header filled in from the form, valid until the next call; undefined when tar-stream has to make it. */
  fill(name: string, sizeBytes: number): Uint8Array | undefined {
    const form = this.#form
    if (!form || !isUsual(name, sizeBytes)) return undefined
    form.fill(0, 0, NAME_BYTES)
    form.write(name, 'latin1')
    form.write(octal(sizeBytes, SIZE_DIGITS), SIZE_AT, 'latin1')
    const sum = this.#formSum + sumOf(form, 0, name.length) + sumOf(form, SIZE_AT, SIZE_AT + SIZE_DIGITS)
    form.write(octal(sum, CHECKSUM_DIGITS), CHECKSUM_AT, 'latin1')
    return form
  }

  /** A header for any name and size, with pax records where they are needed. */
  async make(name: string, sizeBytes: number): Promise<Uint8Array> {
    const tar = pack()
    tar.entry({ name, size: sizeBytes, mtime: MODIFIED_AT })
    await once(tar, 'readable')
    const chunks: Uint8Array[] = []
    for (let chunk = tar.read(); chunk !== null; chunk = tar.read()) chunks.push(chunk as Uint8Array)
    tar.destroy()
    const header = Buffer.concat(chunks)
    if (!this.#form && isUsual(name, sizeBytes)) this.#keepAsForm(Buffer.from(header))
    return header
  }

  #keepAsForm(form: Buffer): void {
    this.#form = form
    const own = sumOf(form, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES)
    const varying = sumOf(form, 0, NAME_BYTES) + sumOf(form, SIZE_AT, SIZE_AT + SIZE_DIGITS)
    this.#formSum = sumOf(form, 0, form.byteLength) - own + CHECKSUM_BYTES * SPACE - varying
  }
}

function isUsual(name: string, sizeBytes: number): boolean {
  return name.length <= NAME_BYTES && sizeBytes < 8 ** SIZE_DIGITS && /^[ -~]*$/.test(name)
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at++) sum += bytes[at] ?? 0
  return sum
}
