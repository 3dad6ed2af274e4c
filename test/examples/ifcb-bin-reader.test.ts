import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import {
  type BinFiles,
  groupIntoBins,
  type IfcbBin,
  IfcbBinError,
  type IfcbImage,
  openBin,
} from '../../examples/ifcb-features/bin-reader.ts'
import { needsRealBins, REAL_BINS } from './ifcb-real-bins.ts'

const REAL = 'D20130526T095207_IFCB013'
const NEW_ROW = '1,0.1,0,0,0,0,0,0,0,0,0,0.1,0.2,10,20,3,2,0,-999,0,0,0,0.3,0.1'
const OLD_STEM = 'IFCB5_2012_028_081515'

const expectedSchema = z.object({
  bin: z.string(),
  targets: z.number(),
  images: z.number(),
  pixels: z.number(),
  sample: z.array(
    z.object({
      target: z.number(),
      width: z.number(),
      height: z.number(),
      start_byte: z.number(),
      sha256_16: z.string(),
      mean: z.number(),
    }),
  ),
})

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ifcb-reader-'))
})

after(() => rm(folder, { recursive: true, force: true }))

describe('a real bin', needsRealBins, () => {
  test('has exactly the images that expected.json lists', async () => {
    const expected = expectedSchema.parse(JSON.parse(await readFile(join(REAL_BINS, 'expected.json'), 'utf8')))
    const bin = await openBin(filesOf(REAL_BINS, expected.bin))
    const images = await collect(bin)
    assert.deepEqual(
      { targets: bin.targets, images: bin.imageCount, pixels: bin.pixelCount },
      { targets: expected.targets, images: expected.images, pixels: expected.pixels },
    )
    assert.equal(images.length, expected.images)
    assert.deepEqual([...images.slice(0, 3), ...images.slice(-1)].map(facts), expected.sample)
  })

  test('has its header read and its empty targets left out', async () => {
    const bin = await openBin(filesOf(REAL_BINS, REAL))
    assert.equal(bin.header.get('sampleTime'), '2013-05-26T09:52:07Z')
    assert.equal(bin.header.get('runType'), 'NORMAL')
    assert.ok((await collect(bin)).every(({ width, height, pixels }) => width > 0 && pixels.length === width * height))
  })

  test('is a picture when its pixels are taken as height rows of width: neighbouring rows are alike', async () => {
    for (const { target, width, height, pixels } of await collect(await openBin(filesOf(REAL_BINS, REAL)))) {
      const [right, swapped] = [rowContrast(pixels, width), rowContrast(pixels, height)]
      assert.ok(right < swapped / 2, `target ${target}: ${right} against ${swapped}`)
    }
  })

  test('without targets is valid and yields nothing', async () => {
    const bin = await openBin(filesOf(join(REAL_BINS, 'empty'), 'D20150411T205456_IFCB012'))
    assert.deepEqual([bin.targets, bin.imageCount, await collect(bin)], [0, 0, []])
  })

  test('of zero bytes is refused as not recorded properly', async () => {
    const stem = 'D20130101T101010_IFCB099'
    await rejects(openBin(filesOf(join(REAL_BINS, 'invalid'), stem)), {
      bin: stem,
      file: `${stem}.hdr`,
      message: /D20130101T101010_IFCB099\.hdr is empty \(0 bytes\): .*not recorded properly/,
    })
  })

  test('cut off in its .roi file is refused before the first image', async () => {
    const cut = await copyOfReal('cut')
    await truncate(cut.roi, 98_471)
    await rejects(openBin(cut), {
      file: `${REAL}.roi`,
      message: /shorter than .*\.adc says: the image of target 114 ends at byte 98472, but the file has 98471/,
    })
  })

  test('whose .roi file shrinks while it is read fails at the image concerned', async () => {
    const shrinking = await copyOfReal('shrinking')
    const bin = await openBin(shrinking)
    await truncate(shrinking.roi, 5000)
    const seen: number[] = []
    await rejects(
      (async () => {
        for await (const { target } of bin.images()) seen.push(target)
      })(),
      { message: /target 11 ends at byte 9856, but the file has 5000/ },
    )
    assert.deepEqual(seen, [7])
  })

  test('stops with the signal’s reason', async () => {
    const stop = new AbortController()
    const seen: number[] = []
    const reading = (async () => {
      for await (const { target } of (await openBin(filesOf(REAL_BINS, REAL))).images(stop.signal)) {
        seen.push(target)
        stop.abort(new Error('cancelled by test'))
      }
    })()
    await assert.rejects(reading, /cancelled by test/)
    assert.deepEqual(seen, [7])
  })
})

describe('rows of the .adc file', () => {
  test('of an old instrument hold the image in columns 9 to 13 and may share a trigger', async () => {
    const rows = [
      '7,1,0,0,0,0,0,1,2,100,200,2,3,0,0,',
      '7,1,0,0,0,0,0,1,2,300,400,1,2,6,0,',
      '8,2,0,0,0,0,0,1,2,0,0,0,0,8,0,',
    ]
    const bin = await openBin(await makeBin(OLD_STEM, `${rows.join('\n')}\n`, 8))
    const images = await collect(bin)
    assert.deepEqual(
      images.map(({ target, trigger, x, y, pixels }) => [target, trigger, x, y, [...pixels]]),
      [
        [1, 7, 100, 200, [0, 1, 2, 3, 4, 5]],
        [2, 7, 300, 400, [6, 7]],
      ],
    )
    assert.equal(bin.targets, 3)
  })

  test('may end in CR LF, and the last line end may be missing', async () => {
    const bin = await openBin(await makeBin(REAL, `${NEW_ROW}\r\n${NEW_ROW.replace('1,', '2,')}`, 6))
    assert.deepEqual(
      (await collect(bin)).map(({ target, trigger }) => [target, trigger]),
      [
        [1, 1],
        [2, 2],
      ],
    )
  })

  const refusals: Record<string, { adc: string; line: number; message: RegExp }> = {
    'with too few columns': { adc: `${NEW_ROW}\n2,0.1,0\n`, line: 2, message: /line 2: has 3 columns, .*at least 18/ },
    'with a word for a number': {
      adc: NEW_ROW.replace(',10,20,', ',ten,20,'),
      line: 1,
      message: /column 14 \(ROI x\).*not "ten"/,
    },
    'with a negative width': {
      adc: NEW_ROW.replace(',3,2,', ',-3,2,'),
      line: 1,
      message: /column 16 \(ROI width\).*"-3"/,
    },
    'with an empty cell': { adc: NEW_ROW.replace(',3,2,', ',,2,'), line: 1, message: /column 16 .*not ""/ },
    'with a width but no height': {
      adc: NEW_ROW.replace(',3,2,', ',3,0,'),
      line: 1,
      message: /3 pixels wide and 0 high/,
    },
    'with an image no camera takes': {
      adc: NEW_ROW.replace(',3,2,', ',90000,90000,'),
      line: 1,
      message: /larger than any/,
    },
    'after a blank line': {
      adc: `${NEW_ROW}\n\n\n${NEW_ROW}\n`,
      line: 2,
      message: /line 2: is blank, but rows follow it/,
    },
    'of endless length': { adc: 'x'.repeat(100_000), line: 1, message: /longer than 16384 characters/ },
  }
  for (const [what, { adc, line, message }] of Object.entries(refusals)) {
    test(`${what} are refused with their line number`, async () => {
      await rejects(openBin(await makeBin(REAL, adc, 6)), { file: `${REAL}.adc`, line, message })
    })
  }
})

describe('grouping paths into bins', () => {
  test('joins files of one stem from different folders and keeps the order of first mention', () => {
    const { bins, rejected } = groupIntoBins([
      `/in/1/${OLD_STEM}.roi`,
      `/in/2/${REAL}.adc`,
      `/in/3/${OLD_STEM}.hdr`,
      `/in/4/${REAL}.hdr`,
      `/in/5/${REAL}.ROI`,
      `/in/6/${OLD_STEM}.adc`,
    ])
    assert.deepEqual(rejected, [])
    assert.deepEqual(bins, [
      {
        id: { stem: OLD_STEM, generation: 'old' },
        hdr: `/in/3/${OLD_STEM}.hdr`,
        adc: `/in/6/${OLD_STEM}.adc`,
        roi: `/in/1/${OLD_STEM}.roi`,
      },
      {
        id: { stem: REAL, generation: 'new' },
        hdr: `/in/4/${REAL}.hdr`,
        adc: `/in/2/${REAL}.adc`,
        roi: `/in/5/${REAL}.ROI`,
      },
    ])
  })

  const refusals: Record<string, { paths: string[]; message: RegExp }> = {
    'a bin without its .roi file': {
      paths: [`${REAL}.hdr`, `${REAL}.adc`],
      message: /incomplete: D\S+\.roi is missing/,
    },
    'a header alone': { paths: [`${REAL}.hdr`], message: /\.adc and D\S+\.roi are missing/ },
    'a name that is no bin': {
      paths: ['cells.hdr'],
      message: /"cells" is not the name of an IFCB bin: expected D<date>/,
    },
    'a file of another kind': { paths: [`${REAL}.csv`], message: /\.csv is not part of an IFCB bin/ },
    'a file sent twice': {
      paths: ['a', 'b'].flatMap((dir) => ['hdr', 'adc', 'roi'].map((extension) => `${dir}/${REAL}.${extension}`)),
      message: /\.hdr is there 2 times/,
    },
  }
  for (const [what, { paths, message }] of Object.entries(refusals)) {
    test(`rejects ${what} and keeps the good bins`, () => {
      const good = ['hdr', 'adc', 'roi'].map((extension) => `${OLD_STEM}.${extension}`)
      const { bins, rejected } = groupIntoBins([...paths, ...good])
      assert.deepEqual(
        bins.map(({ id }) => id.stem),
        [OLD_STEM],
      )
      assert.equal(rejected.length, 1)
      assert.deepEqual(rejected[0]?.paths, paths)
      assert.match(rejected[0]?.error.message ?? '', message)
    })
  }

  test('a file that is gone when the bin is opened is named', async () => {
    const gone = await makeBin(REAL, NEW_ROW, 6)
    await rm(gone.adc)
    await rejects(openBin(gone), { file: `${REAL}.adc`, message: /D\S+\.adc of bin D\S+ cannot be read/ })
  })
})

function filesOf(directory: string, stem: string): BinFiles {
  const [bin] = groupIntoBins(['hdr', 'adc', 'roi'].map((extension) => join(directory, `${stem}.${extension}`))).bins
  assert.ok(bin)
  return bin
}

async function collect(bin: IfcbBin): Promise<IfcbImage[]> {
  const images: IfcbImage[] = []
  for await (const image of bin.images()) images.push(image)
  return images
}

function facts({ target, width, height, startByte, pixels }: IfcbImage) {
  return {
    target,
    width,
    height,
    start_byte: startByte,
    sha256_16: createHash('sha256').update(pixels).digest('hex').slice(0, 16),
    mean: Number((pixels.reduce((sum, level) => sum + level, 0) / pixels.length).toFixed(6)),
  }
}

/** Mean difference between a pixel and the one below it, if rows have that many pixels. */
function rowContrast(pixels: Uint8Array, rowLength: number): number {
  let sum = 0
  for (let i = rowLength; i < pixels.length; i++) sum += Math.abs((pixels[i] ?? 0) - (pixels[i - rowLength] ?? 0))
  return sum / (pixels.length - rowLength)
}

async function copyOfReal(name: string): Promise<BinFiles> {
  const directory = join(folder, name)
  await mkdir(directory, { recursive: true })
  const copy = filesOf(directory, REAL)
  const real = filesOf(REAL_BINS, REAL)
  // Written anew rather than copied with its mode: the shared files are read-only.
  for (const kind of ['hdr', 'adc', 'roi'] as const) await writeFile(copy[kind], await readFile(real[kind]))
  return copy
}

let made = 0

async function makeBin(stem: string, adc: string, roiBytes: number): Promise<BinFiles> {
  const directory = join(folder, `made-${++made}`)
  await mkdir(directory)
  const files = filesOf(directory, stem)
  await writeFile(files.hdr, 'runType: NORMAL\n')
  await writeFile(files.adc, adc)
  await writeFile(
    files.roi,
    Uint8Array.from({ length: roiBytes }, (_, i) => i),
  )
  return files
}

async function rejects(
  promise: Promise<unknown>,
  expected: { message: RegExp; bin?: string; file?: string; line?: number },
) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof IfcbBinError, String(error))
    const { message, ...place } = expected
    assert.match(error.message, message)
    for (const [key, value] of Object.entries(place)) assert.equal(Reflect.get(error, key), value)
    return true
  })
}
