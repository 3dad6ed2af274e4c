import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type AdcRow, adcRows } from './adc.ts'
import { IfcbBinError } from './bin-error.ts'
import type { BinFiles } from './bin-files.ts'
import type { BinId } from './bin-id.ts'
import { textLines } from './text-lines.ts'

export { IfcbBinError } from './bin-error.ts'
export { type BinFiles, groupIntoBins } from './bin-files.ts'

/**
 * One image of a bin: its row of the `.adc` file and its pixels, 8-bit grey, `height` rows of `width` pixels from the
 * top left. (Some descriptions of the format say `width` rows of `height`: they name the two size columns the other
 * way round. Of the two readings only this one gives pictures; the other shears every cell into stripes.)
 */
export interface IfcbImage extends AdcRow {
  readonly pixels: Uint8Array
}

/** A bin whose three files have been checked against each other. */
export interface IfcbBin {
  readonly id: BinId
  /** The `key: value` lines of the `.hdr` file. */
  readonly header: ReadonlyMap<string, string>
  /** Rows of the `.adc` file. */
  readonly targets: number
  /** Targets with an image: how many images `images` yields. */
  readonly imageCount: number
  /** Pixels of all images together. */
  readonly pixelCount: number
  /** Streams the images in target order, one in memory at a time; each call starts again from the first. */
  images(signal?: AbortSignal): AsyncGenerator<IfcbImage>
}

/**
 * Checks the three files of a bin and opens it for reading. Every row is checked here, against the length of the
 * `.roi` file too, so that a damaged bin is refused before the first image is processed. A bin without targets is valid.
 * Memory stays bounded by one image, whatever the size of the bin. Throws `IfcbBinError`.
 */
export async function openBin(files: BinFiles, signal?: AbortSignal): Promise<IfcbBin> {
  const header = await readHeader(files)
  const facts = await surveyRows(files, await sizeOf(files.roi, files.id), signal)
  return { id: files.id, header, ...facts, images: (signal) => readImages(files, signal) }
}

async function readHeader(files: BinFiles): Promise<ReadonlyMap<string, string>> {
  if ((await sizeOf(files.hdr, files.id)) === 0) throw emptyHeader(files)
  const header = new Map<string, string>()
  for await (const { text } of textLines(files.hdr)) {
    const colon = text.indexOf(':')
    if (colon > 0) header.set(text.slice(0, colon).trim(), text.slice(colon + 1).trim())
  }
  return header
}

function emptyHeader({ hdr, id }: BinFiles): IfcbBinError {
  const file = basename(hdr)
  return new IfcbBinError(
    `${file} is empty (0 bytes): bin ${id.stem} was not recorded properly, or its files were not copied to the end. ` +
      'A bin without particles still has a header',
    { bin: id.stem, file },
  )
}

async function sizeOf(path: string, id: BinId): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    const file = basename(path)
    throw new IfcbBinError(`${file} of bin ${id.stem} cannot be read`, { bin: id.stem, file }, { cause })
  }
}

async function surveyRows({ adc, roi, id }: BinFiles, roiBytes: number, signal?: AbortSignal) {
  await sizeOf(adc, id)
  const facts = { targets: 0, imageCount: 0, pixelCount: 0 }
  for await (const row of adcRows(adc, id, signal)) {
    facts.targets += 1
    if (row.width === 0) continue
    if (row.startByte + row.width * row.height > roiBytes) throw roiTooShort(roi, id, row, roiBytes)
    facts.imageCount += 1
    facts.pixelCount += row.width * row.height
  }
  return facts
}

function roiTooShort(roi: string, { stem }: BinId, row: AdcRow, roiBytes: number): IfcbBinError {
  const file = basename(roi)
  return new IfcbBinError(
    `${file} is shorter than ${stem}.adc says: the image of target ${row.target} ends at byte ` +
      `${row.startByte + row.width * row.height}, but the file has ${roiBytes}. It was probably cut off while being copied`,
    { bin: stem, file },
  )
}

async function* readImages(files: BinFiles, signal?: AbortSignal): AsyncGenerator<IfcbImage> {
  const roi = await open(files.roi)
  try {
    for await (const row of adcRows(files.adc, files.id, signal)) {
      if (row.width > 0) yield { ...row, pixels: await readPixels(roi, files, row) }
    }
  } finally {
    await roi.close()
  }
}

async function readPixels(roi: FileHandle, files: BinFiles, row: AdcRow): Promise<Uint8Array> {
  const pixels = new Uint8Array(row.width * row.height)
  for (let read = 0; read < pixels.length; ) {
    const { bytesRead } = await roi.read(pixels, read, pixels.length - read, row.startByte + read)
    if (bytesRead === 0) throw roiTooShort(files.roi, files.id, row, row.startByte + read)
    read += bytesRead
  }
  return pixels
}
