import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Image } from 'image-js'
import { groupIntoBins, openBin } from '../../examples/ifcb-features/bin-reader.ts'
import { segmentImage } from '../../examples/ifcb-features/segment.ts'
import { needsRealBins, REAL_BINS } from './ifcb-real-bins.ts'
import { CELL, disc, ellipse, near, picture, type Shape, WATER } from './ifcb-shapes.ts'

describe('segmentation', () => {
  test('finds a dark object on noisy water to within its soft edge', () => {
    const shape = ellipse(60, 40, 35, 18, 25)
    const { mask, threshold } = segmentImage(picture(120, 80, shape))
    const missed = mask.reduce(
      (count, value, i) => count + (value === Number(shape(i % 120, Math.floor(i / 120))) ? 0 : 1),
      0,
    )
    assert.ok(threshold !== null && threshold > CELL && threshold < WATER)
    assert.ok(missed < 0.03 * Math.PI * 35 * 18, `${missed} pixels differ`)
  })

  test('fills the holes of the object', () => {
    const ring: Shape = (x, y) => disc(40, 40, 30)(x, y) && !disc(40, 40, 15)(x, y)
    const { mask } = segmentImage(picture(81, 81, ring))
    assert.equal(mask[40 * 81 + 40], 1)
    near(
      mask.reduce((sum, value) => sum + value, 0),
      Math.PI * 30 ** 2,
      0.03,
    )
  })

  test('keeps the larger of two objects only', () => {
    const { mask } = segmentImage(picture(120, 60, (x, y) => disc(25, 30, 10)(x, y) || disc(80, 30, 20)(x, y)))
    assert.deepEqual([mask[30 * 120 + 25], mask[30 * 120 + 80]], [0, 1])
  })

  test('is the largest component, corners counting as contact, with its holes filled, tried on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 400, maxLength: 400 }), (pixels) => {
        const { mask, threshold } = segmentImage({ width: 20, height: 20, pixels })
        assert.ok(threshold !== null)
        const smooth = new Image(20, 20, { data: pixels, colorModel: 'GREY' }).gaussianBlur({
          sigma: 2,
          borderType: 'replicate',
        })
        const dark = Uint8Array.from(smooth.getRawImage().data, (level) => Number(level <= threshold))
        const largest = components(dark, 20).filter(({ size }, _, all) => all.every((other) => other.size <= size))
        assert.ok(largest.some((component) => Buffer.from(mask).equals(filled(component, 20))))
      }),
      { numRuns: 100 },
    )
  })

  test('of a real bin gives the thresholds and areas that scikit-image gives', needsRealBins, async () => {
    // Target, threshold and area by scipy's gaussian_filter (sigma 2, truncate 2, nearest), rounded, and then
    // threshold_otsu, label with connectivity 2, and binary_fill_holes; the masks agreed pixel by pixel.
    const expected = [
      [7, 163, 878],
      [11, 135, 1777],
      [13, 149, 184],
      [21, 143, 1106],
      [32, 141, 543],
      [33, 155, 586],
      [47, 159, 1941],
      [49, 169, 1553],
      [54, 138, 1265],
      [61, 142, 3071],
      [66, 164, 1069],
      [68, 144, 475],
      [73, 143, 848],
      [78, 147, 939],
      [80, 154, 217],
      [92, 165, 670],
      [99, 167, 1068],
      [102, 153, 476],
      [114, 143, 1424],
    ]
    const stem = 'D20130526T095207_IFCB013'
    const [files] = groupIntoBins(['hdr', 'adc', 'roi'].map((kind) => join(REAL_BINS, `${stem}.${kind}`))).bins
    assert.ok(files)
    const found: number[][] = []
    for await (const image of (await openBin(files)).images()) {
      const { mask, threshold } = segmentImage(image)
      found.push([image.target, threshold ?? -1, mask.reduce((area, value) => area + value, 0)])
    }
    assert.deepEqual(found, expected)
  })

  test('of a uniform picture finds nothing', () => {
    for (const level of [0, 128, 255]) {
      const { mask, threshold } = segmentImage({ width: 20, height: 10, pixels: new Uint8Array(200).fill(level) })
      assert.deepEqual([mask.includes(1), threshold], [false, null])
    }
  })
})

/** Marks everything reachable from the seeds over cells of the given value. */
function flood(
  cells: Uint8Array,
  width: number,
  seeds: readonly number[],
  value: number,
  corners: boolean,
): Set<number> {
  const height = cells.length / width
  const reached = new Set(seeds.filter((i) => cells[i] === value))
  for (const i of reached) {
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        const [x, y] = [(i % width) + dx, Math.floor(i / width) + dy]
        if (x < 0 || y < 0 || x >= width || y >= height || (!corners && dx !== 0 && dy !== 0)) continue
        if (cells[y * width + x] === value) reached.add(y * width + x)
      }
    }
  }
  return reached
}

function components(cells: Uint8Array, width: number): Set<number>[] {
  const left = new Set([...cells.keys()].filter((i) => cells[i] === 1))
  const found: Set<number>[] = []
  for (const seed of left) {
    const component = flood(cells, width, [seed], 1, true)
    for (const i of component) left.delete(i)
    found.push(component)
  }
  return found
}

/** Everything that the water around a component cannot reach. */
function filled(component: Set<number>, width: number): Uint8Array {
  const cells = Uint8Array.from({ length: width * width }, (_, i) => Number(component.has(i)))
  const edge = [...cells.keys()].filter(
    (i) => i < width || i >= cells.length - width || i % width === 0 || i % width === width - 1,
  )
  const outside = flood(cells, width, edge, 0, false)
  return cells.map((_, i) => Number(!outside.has(i)))
}
