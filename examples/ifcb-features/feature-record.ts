import { z } from 'zod'
import type { BinId } from './bin-id.ts'
import { recordId } from './bin-id.ts'
import type { IfcbImage } from './bin-reader.ts'
import type { Features } from './features.ts'
import type { Segmentation } from './segment.ts'

const count = z.int().nonnegative()
const measure = z.number().nonnegative().nullable()
const ratio = z.number().min(0).max(1).nullable()
const position = count.nullable()

/**
 * One line of the results: one image of a bin and the features of its object, lengths in pixels, areas in pixels.
 * An image without an object has area 0 and null for everything that is only defined for an object.
 */
export const featureRecordSchema = z.strictObject({
  record_id: z.string().describe('Name of the image: bin and five-digit target number'),
  bin: z.string().describe('Stem of the three files of the bin'),
  target: z.int().positive().describe('Row of the .adc file, from 1'),
  trigger: count.describe('Trigger number; old instruments may use one for two images'),
  roi_x: count.describe('Left edge of the image in the camera frame'),
  roi_y: count.describe('Top edge of the image in the camera frame'),
  width: z.int().positive().describe('Columns of the image'),
  height: z.int().positive().describe('Rows of the image'),
  threshold: z.int().min(0).max(255).nullable().describe("Otsu's threshold of the smoothed image"),
  area: count.describe('Pixels of the object'),
  perimeter: measure.describe('Length of the outline'),
  equivalent_diameter: measure.describe('Diameter of the disc with the same area'),
  major_axis_length: measure.describe('Long axis of the ellipse with the same second moments'),
  minor_axis_length: measure.describe('Short axis of that ellipse'),
  eccentricity: ratio.describe('Eccentricity of that ellipse: 0 a circle, 1 a line'),
  orientation: z
    .number()
    .min(-90)
    .max(90)
    .nullable()
    .describe('Degrees from the x axis to the long axis, counter-clockwise'),
  convex_area: position.describe('Pixels of the convex hull'),
  solidity: ratio.describe('Area over convex area'),
  extent: ratio.describe('Area over the area of the bounding box'),
  centroid_x: measure.describe('Mean column, 0 in the middle of the first'),
  centroid_y: measure.describe('Mean row, 0 in the middle of the first'),
  bbox_x: position.describe('Left column of the bounding box'),
  bbox_y: position.describe('Top row of the bounding box'),
  bbox_width: position.describe('Columns of the bounding box'),
  bbox_height: position.describe('Rows of the bounding box'),
  mean_intensity: z.number().min(0).max(255).nullable().describe('Mean grey level of the object, 0 black'),
})

/** One line of the results, as written. */
export type FeatureRecord = z.infer<typeof featureRecordSchema>

/** Puts what is known of an image into the form in which it is written. */
export function toFeatureRecord(
  { stem }: BinId,
  image: IfcbImage,
  { threshold }: Segmentation,
  features: Features | null,
): FeatureRecord {
  return {
    record_id: recordId(stem, image.target),
    bin: stem,
    target: image.target,
    trigger: image.trigger,
    roi_x: image.x,
    roi_y: image.y,
    width: image.width,
    height: image.height,
    threshold,
    ...featureFields(features),
  }
}

function featureFields(features: Features | null) {
  return {
    area: features?.area ?? 0,
    perimeter: features?.perimeter ?? null,
    equivalent_diameter: features?.equivalentDiameter ?? null,
    major_axis_length: features?.majorAxisLength ?? null,
    minor_axis_length: features?.minorAxisLength ?? null,
    eccentricity: features?.eccentricity ?? null,
    orientation: features?.orientation ?? null,
    convex_area: features?.convexArea ?? null,
    solidity: features?.solidity ?? null,
    extent: features?.extent ?? null,
    centroid_x: features?.centroidX ?? null,
    centroid_y: features?.centroidY ?? null,
    bbox_x: features?.boxX ?? null,
    bbox_y: features?.boxY ?? null,
    bbox_width: features?.boxWidth ?? null,
    bbox_height: features?.boxHeight ?? null,
    mean_intensity: features?.meanIntensity ?? null,
  }
}
