import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decode } from 'fast-png'
import { analyzeImage } from '../../examples/ifcb-features/analyze-image.ts'
import { parseBinId } from '../../examples/ifcb-features/bin-id.ts'
import type { IfcbImage } from '../../examples/ifcb-features/bin-reader.ts'
import { featureRecordSchema } from '../../examples/ifcb-features/feature-record.ts'
import { measureFeatures } from '../../examples/ifcb-features/features.ts'
import { type GreyImage, segmentImage } from '../../examples/ifcb-features/segment.ts'
import { disc, picture } from './ifcb-shapes.ts'

const BIN = parseBinId('D20130526T095207_IFCB013')

describe('one image', () => {
  test('becomes a valid record and two PNGs of its size', () => {
    const image = ifcbImage(picture(96, 64, disc(50, 30, 20)))
    const { record, imagePng, maskPng } = analyzeImage(BIN, image)
    assert.deepEqual(featureRecordSchema.parse(record), record)
    assert.equal(record.record_id, 'D20130526T095207_IFCB013_00007')
    assert.deepEqual([record.target, record.trigger, record.roi_x, record.roi_y], [7, 9, 100, 200])
    assert.deepEqual([...decode(imagePng).data], [...image.pixels])
    const mask = decode(maskPng)
    assert.deepEqual([mask.width, mask.height, mask.channels, mask.depth], [96, 64, 1, 8])
    assert.equal(mask.data.filter((level) => level === 255).length, record.area)
    assert.equal(mask.data.filter((level) => level === 0).length, 96 * 64 - record.area)
  })

  test('without an object has area 0 and null for every other feature', () => {
    const { record } = analyzeImage(BIN, ifcbImage({ width: 8, height: 8, pixels: new Uint8Array(64).fill(200) }))
    assert.deepEqual(featureRecordSchema.parse(record), record)
    const { area, threshold, record_id, bin, target, trigger, roi_x, roi_y, width, height, ...features } = record
    assert.deepEqual([area, threshold, width, height], [0, null, 8, 8])
    assert.ok(Object.values(features).every((value) => value === null))
  })

  test('of any size and content, down to one pixel, gives a valid record', () => {
    const size = fc.integer({ min: 1, max: 12 })
    const images = fc.tuple(size, size).chain(([width, height]) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        pixels: fc.uint8Array({ minLength: width * height, maxLength: width * height }),
      }),
    )
    fc.assert(
      fc.property(images, (image) => {
        const { record } = analyzeImage(BIN, ifcbImage(image))
        assert.deepEqual(featureRecordSchema.parse(record), record)
        assert.ok(record.solidity === null || record.solidity > 0)
      }),
      { numRuns: 300 },
    )
  })

  test('without pixels has no object', () => {
    const nothing = { width: 0, height: 0, pixels: new Uint8Array(0) }
    const segmentation = segmentImage(nothing)
    assert.deepEqual(segmentation, { width: 0, height: 0, mask: new Uint8Array(0), threshold: null })
    assert.equal(measureFeatures(nothing, segmentation), null)
  })
})

function ifcbImage(image: GreyImage): IfcbImage {
  return { ...image, target: 7, trigger: 9, x: 100, y: 200, startByte: 0 }
}
