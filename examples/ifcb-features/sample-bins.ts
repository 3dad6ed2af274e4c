import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BinFiles } from './bin-files.ts'
import { type BinId, type Generation, parseBinId } from './bin-id.ts'
import { type Random, seededRandom } from './random.ts'
import { formatRow, type SampleRow } from './sample-rows.ts'
import { drawOrganism } from './sample-shapes.ts'
import type { GreyImage } from './segment.ts'

/** A made-up bin in memory: the content of its three files, and what a reader must find in them. */
export interface SampleBin {
  readonly id: BinId
  readonly hdr: string
  readonly adc: string
  readonly roi: Uint8Array
  /** One row per target, in order; a row of width 0 has no image. */
  readonly rows: readonly SampleRow[]
  /** The images of the rows that have one, in order. */
  readonly images: readonly GreyImage[]
}

/** How many bins to write, and which. */
export interface SampleOptions {
  /** Number of bins; new and old instruments take turns. Default 3. */
  readonly count?: number
  /** Rows per bin; about two in three have an image. Default 40. */
  readonly targets?: number
  /** Chooses the organisms: the same seed writes the same bytes. Default 1. */
  readonly seed?: number
}

/** Pixels of the instrument's camera. */
const FRAME = { width: 1380, height: 1034 }
/** An instrument takes a sample about every 20 minutes. */
const SAMPLE_INTERVAL_MS = 20 * 60_000
const FIRST_SAMPLE_MS = Date.UTC(2024, 5, 1, 10, 0, 0)

/** Writes made-up bins into a folder, which is created if need be, and returns their files. */
export async function writeSampleBins(directory: string, options: SampleOptions = {}): Promise<BinFiles[]> {
  const { count = 3, targets = 40, seed = 1 } = options
  await mkdir(directory, { recursive: true })
  const written: BinFiles[] = []
  for (let i = 0; i < count; i++) written.push(await writeBin(directory, makeSampleBin(i, targets, seed)))
  return written
}

/** Makes the bin of a number, from 0: even numbers are of a new instrument, odd ones of an old one. */
export function makeSampleBin(number: number, targets: number, seed: number): SampleBin {
  // Each bin has its own stream of numbers, so that bin 2 is the same whether or not bins 0 and 1 are made.
  const random = seededRandom(seed * 7919 + number)
  const generation = number % 2 === 0 ? 'new' : 'old'
  const sampledAt = new Date(FIRST_SAMPLE_MS + number * SAMPLE_INTERVAL_MS)
  const id = parseBinId(sampleStem(generation, sampledAt))
  const { rows, images } = makeRows(generation, targets, random)
  return {
    id,
    hdr: `softwareVersion: Longshore sample data (synthetic)\nsampleTime: ${sampledAt.toISOString()}\nrunType: NORMAL\n`,
    adc: rows.map((row) => `${formatRow[generation](row, random)}\n`).join(''),
    roi: Buffer.concat(images.map(({ pixels }) => pixels)),
    rows,
    images,
  }
}

function makeRows(generation: Generation, targets: number, random: Random) {
  const rows: SampleRow[] = []
  const images: GreyImage[] = []
  let trigger = 0
  let startByte = 0
  for (let i = 0; i < targets; i++) {
    // Old instruments sometimes cut two images out of one trigger's frame.
    if (i === 0 || generation === 'new' || !random.chance(0.2)) trigger += 1
    const image = random.chance(2 / 3) ? drawOrganism(random) : undefined
    rows.push({ trigger, startByte, ...placeInFrame(image, random) })
    if (image === undefined) continue
    images.push(image)
    startByte += image.pixels.length
  }
  return { rows, images }
}

function placeInFrame(image: GreyImage | undefined, random: Random) {
  if (image === undefined) return { x: 0, y: 0, width: 0, height: 0 }
  const { width, height } = image
  return { x: random.whole(0, FRAME.width - width), y: random.whole(0, FRAME.height - height), width, height }
}

function sampleStem(generation: Generation, at: Date): string {
  const digits = at.toISOString().replace(/[-:]|\..*$/g, '')
  if (generation === 'new') return `D${digits}_IFCB101`
  const dayOfYear = Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / 86_400_000) + 1
  return `IFCB5_${at.getUTCFullYear()}_${String(dayOfYear).padStart(3, '0')}_${digits.slice(9)}`
}

async function writeBin(directory: string, { id, hdr, adc, roi }: SampleBin): Promise<BinFiles> {
  const path = (extension: string): string => join(directory, `${id.stem}.${extension}`)
  const files = { id, hdr: path('hdr'), adc: path('adc'), roi: path('roi') }
  await Promise.all([writeFile(files.hdr, hdr), writeFile(files.adc, adc), writeFile(files.roi, roi)])
  return files
}

async function main(): Promise<void> {
  const [directory, count = '3'] = parseArgs({ allowPositionals: true }).positionals
  if (directory === undefined || !/^[1-9]\d{0,3}$/.test(count)) {
    console.error('Usage: node examples/ifcb-features/sample-bins.ts DIR [COUNT from 1 to 9999, default 3]')
    process.exitCode = 2
    return
  }
  for (const { id } of await writeSampleBins(directory, { count: Number(count) })) {
    console.log(join(directory, `${id.stem}.{hdr,adc,roi}`))
  }
}

if (import.meta.main) await main()
