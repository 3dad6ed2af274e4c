import type { ObjectBox } from './object-box.ts'

/** Size and second central moments of an object, each pixel taken as a square of side 1. */
export interface Moments {
  /** Number of pixels. */
  readonly area: number
  /** Mean column in the picture; 0 is the middle of the leftmost pixels. */
  readonly centroidX: number
  /** Mean row in the picture; 0 is the middle of the topmost pixels. */
  readonly centroidY: number
  /** Variance along the columns, in pixels². */
  readonly xx: number
  /** Variance along the rows, in pixels². */
  readonly yy: number
  /** Covariance, in pixels², y counted upwards as an eye sees the picture. */
  readonly xy: number
}

/** The ellipse with the same second moments as the object. */
export interface MomentEllipse {
  /** Full length of the long axis, in pixels. */
  readonly majorAxisLength: number
  /** Full length of the short axis, in pixels. */
  readonly minorAxisLength: number
  /** Distance of the foci over the long axis: 0 a circle, towards 1 a line. */
  readonly eccentricity: number
  /** Angle from the x axis to the long axis, degrees above -90 up to 90, counter-clockwise as seen; 0 when all axes are alike. */
  readonly orientation: number
}

/**
 * A pixel is a square, not a point: the variance of a unit interval is added to both moments, as in Haralick & Shapiro,
 * "Computer and Robot Vision" I (1992), appendix A, and in MATLAB's regionprops. scikit-image leaves it out.
 */
const PIXEL_VARIANCE = 1 / 12

/** Computes the moments of an object with at least one pixel. */
export function measureMoments(box: ObjectBox): Moments {
  const sum = { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 }
  for (let row = 0; row < box.height; row++) addRow(sum, box, row)
  const x = sum.x / sum.n
  const y = sum.y / sum.n
  return {
    area: sum.n,
    centroidX: box.x + x,
    centroidY: box.y + y,
    xx: sum.xx / sum.n - x * x + PIXEL_VARIANCE,
    yy: sum.yy / sum.n - y * y + PIXEL_VARIANCE,
    xy: x * y - sum.xy / sum.n,
  }
}

/** All sums are of whole numbers, below 2^53 for any picture the reader accepts, so none of them is rounded. */
function addRow(
  sum: { n: number; x: number; y: number; xx: number; yy: number; xy: number },
  box: ObjectBox,
  row: number,
): void {
  const start = (row + 1) * box.stride + 1
  let n = 0
  let x = 0
  for (let column = 0; column < box.width; column++) {
    if (box.cells[start + column] !== 1) continue
    n += 1
    x += column
    sum.xx += column * column
  }
  sum.n += n
  sum.x += x
  sum.y += n * row
  sum.yy += n * row * row
  sum.xy += x * row
}

/**
 * The ellipse of the moments, by the formulas of Haralick & Shapiro (appendix A), which regionprops uses too:
 * an axis is four standard deviations long.
 */
export function momentEllipse({ xx, yy, xy }: Moments): MomentEllipse {
  const spread = Math.hypot(xx - yy, 2 * xy)
  const major = (xx + yy + spread) / 2
  const minor = Math.max(0, (xx + yy - spread) / 2)
  const angle = (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI
  return {
    majorAxisLength: 4 * Math.sqrt(major),
    minorAxisLength: 4 * Math.sqrt(minor),
    eccentricity: Math.sqrt(1 - minor / major),
    // Upright objects would come out as 90 or -90 by chance of rounding.
    orientation: angle <= -90 ? 90 : angle,
  }
}
