import { encode } from 'fast-png'
import type { BinId } from './bin-id.ts'
import type { IfcbImage } from './bin-reader.ts'
import { type FeatureRecord, toFeatureRecord } from './feature-record.ts'
import { measureFeatures } from './features.ts'
import { type GreyImage, type Segmentation, segmentImage } from './segment.ts'

/** What becomes of one image: its line in the results and two pictures. */
export interface ImageAnalysis {
  readonly record: FeatureRecord
  /** The image itself as an 8-bit grey PNG. */
  readonly imagePng: Uint8Array
  /** The object's mask as an 8-bit grey PNG of the same size: 255 object, 0 water. */
  readonly maskPng: Uint8Array
}

/** Segments one image of a bin, measures its object and encodes both pictures. Pure: same image, same bytes. */
export function analyzeImage(bin: BinId, image: IfcbImage): ImageAnalysis {
  const segmentation = segmentImage(image)
  const features = measureFeatures(image, segmentation)
  return {
    record: toFeatureRecord(bin, image, segmentation, features),
    imagePng: encodeImagePng(image),
    maskPng: encodeMaskPng(segmentation),
  }
}

function encodeImagePng({ width, height, pixels }: GreyImage): Uint8Array {
  return encode({ width, height, data: pixels, channels: 1, depth: 8 })
}

/** Encodes a mask as an 8-bit grey PNG that any viewer shows in black and white. */
function encodeMaskPng({ width, height, mask }: Segmentation): Uint8Array {
  return encodeImagePng({ width, height, pixels: mask.map((value) => 255 * value) })
}
