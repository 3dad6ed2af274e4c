import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { analyzeImage } from '../../examples/ifcb-features/analyze-image.ts'
import { type BinFiles, groupIntoBins, openBin } from '../../examples/ifcb-features/bin-reader.ts'
import { makeSampleBin, writeSampleBins } from '../../examples/ifcb-features/sample-bins.ts'

const SCRIPT = fileURLToPath(new URL('../../examples/ifcb-features/sample-bins.ts', import.meta.url))
const run = promisify(execFile)

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ifcb-samples-'))
})

after(() => rm(folder, { recursive: true, force: true }))

describe('sample bins', () => {
  test('are read back with exactly the rows and images that were made', async () => {
    const written = await writeSampleBins(join(folder, 'exact'), { count: 4, targets: 25, seed: 5 })
    for (const [number, files] of written.entries()) {
      const made = makeSampleBin(number, 25, 5)
      const bin = await openBin(files)
      assert.equal(bin.targets, 25)
      assert.equal(bin.imageCount, made.images.length)
      assert.equal(bin.pixelCount, made.roi.length)
      assert.deepEqual(await readBack(files), expectedOf(made))
    }
  })

  test('take turns between new and old instruments, twenty minutes apart', async () => {
    const written = await writeSampleBins(join(folder, 'turns'), { targets: 1 })
    assert.deepEqual(
      written.map(({ id }) => [id.generation, id.stem]),
      [
        ['new', 'D20240601T100000_IFCB101'],
        ['old', 'IFCB5_2024_153_102000'],
        ['new', 'D20240601T104000_IFCB101'],
      ],
    )
  })

  test('of old instruments repeat triggers, those of new instruments never', () => {
    const repeats = (number: number) => {
      const { rows } = makeSampleBin(number, 60, 1)
      return rows.length - new Set(rows.map(({ trigger }) => trigger)).size
    }
    assert.equal(repeats(0), 0)
    assert.ok(repeats(1) > 0)
  })

  test('are the same bytes for the same seed and other bytes for another', async () => {
    const digest = async (name: string, seed: number) => {
      const written = await writeSampleBins(join(folder, name), { targets: 10, seed })
      return Buffer.concat(
        await Promise.all(written.flatMap(({ hdr, adc, roi }) => [hdr, adc, roi].map((path) => readFile(path)))),
      )
    }
    const [first, again, other] = [await digest('first', 3), await digest('again', 3), await digest('other', 4)]
    assert.ok(first.equals(again))
    assert.ok(!first.equals(other))
  })

  test('hold one organism per image, which segmentation finds away from the edges', async () => {
    const [files] = await writeSampleBins(join(folder, 'organisms'), { count: 1 })
    assert.ok(files)
    for await (const image of (await openBin(files)).images()) {
      const { record } = analyzeImage(files.id, image)
      assert.ok(
        record.area > 80 && record.area < 0.7 * image.pixels.length,
        `${record.record_id}: ${record.area} pixels`,
      )
      assert.ok(record.solidity !== null && record.solidity > 0.6, `${record.record_id}: solidity ${record.solidity}`)
      assert.ok(record.bbox_x !== null && record.bbox_x > 0, record.record_id)
    }
  })

  test('without targets are valid empty bins', async () => {
    const [files] = await writeSampleBins(join(folder, 'empty'), { count: 1, targets: 0 })
    assert.ok(files)
    assert.equal((await openBin(files)).imageCount, 0)
  })

  test('are written by the script, which prints what it wrote', async () => {
    const directory = join(folder, 'script')
    const { stdout } = await run(process.execPath, [SCRIPT, directory, '2'])
    const names = await readdir(directory)
    assert.equal(groupIntoBins(names).bins.length, 2)
    assert.equal(names.length, 6)
    assert.deepEqual(stdout.trim().split('\n'), [
      join(directory, 'D20240601T100000_IFCB101.{hdr,adc,roi}'),
      join(directory, 'IFCB5_2024_153_102000.{hdr,adc,roi}'),
    ])
  })

  test('are refused by the script without a folder or with a count that is none, with its usage', async () => {
    for (const args of [[], [join(folder, 'never'), 'many'], [join(folder, 'never'), '0']]) {
      await assert.rejects(run(process.execPath, [SCRIPT, ...args]), {
        code: 2,
        stderr: /^Usage: node .*sample-bins\.ts DIR/,
      })
    }
    await assert.rejects(readdir(join(folder, 'never')), { code: 'ENOENT' })
  })
})

async function readBack(files: BinFiles) {
  const found = []
  for await (const { target, trigger, x, y, startByte, width, height, pixels } of (await openBin(files)).images()) {
    found.push({ target, trigger, x, y, startByte, width, height, pixels: Buffer.from(pixels).toString('hex') })
  }
  return found
}

function expectedOf({ rows, images }: ReturnType<typeof makeSampleBin>) {
  const pictures = images.values()
  return rows.flatMap((row, i) => {
    if (row.width === 0) return []
    const { width, height, pixels } = pictures.next().value ?? { width: 0, height: 0, pixels: new Uint8Array() }
    return [{ target: i + 1, ...row, width, height, pixels: Buffer.from(pixels).toString('hex') }]
  })
}
