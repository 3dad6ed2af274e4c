import { measureConvexArea } from './convex-area.ts'
import { type MomentEllipse, type Moments, measureMoments, momentEllipse } from './moments.ts'
import { type ObjectBox, objectBox } from './object-box.ts'
import { measurePerimeter } from './perimeter.ts'
import type { GreyImage, Segmentation } from './segment.ts'

/**
 * Shape and brightness of an object, in pixels of its picture. The definitions are those of MATLAB's and scikit-image's
 * `regionprops`, as the IFCB community uses them; where the two differ, the text says which one this is.
 * x counts columns from the left and y rows from the top, 0 in the middle of the first pixel.
 */
export interface Features extends Omit<Moments, 'xx' | 'yy' | 'xy'>, MomentEllipse {
  /** Length of the outline; see `measurePerimeter` (scikit-image's estimator). */
  readonly perimeter: number
  /** Diameter of the disc with the same area: √(4 area / π). */
  readonly equivalentDiameter: number
  /** Pixels of the convex hull. */
  readonly convexArea: number
  /** Area over convex area: 1 when the object has no dents. */
  readonly solidity: number
  /** Area over the area of the bounding box. */
  readonly extent: number
  /** Left column of the bounding box. */
  readonly boxX: number
  /** Top row of the bounding box. */
  readonly boxY: number
  /** Columns of the bounding box. */
  readonly boxWidth: number
  /** Rows of the bounding box. */
  readonly boxHeight: number
  /** Mean grey level of the object's pixels, 0 black to 255 white. */
  readonly meanIntensity: number
}

/** Measures the object of a segmented picture; null when it has none. */
export function measureFeatures(image: GreyImage, segmentation: Segmentation): Features | null {
  const box = objectBox(segmentation)
  if (box === undefined) return null
  const moments = measureMoments(box)
  const convexArea = measureConvexArea(box)
  return {
    area: moments.area,
    perimeter: measurePerimeter(box),
    equivalentDiameter: Math.sqrt((4 * moments.area) / Math.PI),
    ...momentEllipse(moments),
    convexArea,
    solidity: moments.area / convexArea,
    extent: moments.area / (box.width * box.height),
    centroidX: moments.centroidX,
    centroidY: moments.centroidY,
    ...boundingBox(box),
    meanIntensity: meanIntensity(image.pixels, segmentation.mask, moments.area),
  }
}

function boundingBox(box: ObjectBox) {
  return { boxX: box.x, boxY: box.y, boxWidth: box.width, boxHeight: box.height }
}

function meanIntensity(pixels: Uint8Array, mask: Uint8Array, area: number): number {
  let sum = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) sum += pixels[i] ?? 0
  return sum / area
}
