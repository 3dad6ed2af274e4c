import type { ObjectBox } from './object-box.ts'

/**
 * Number of pixels whose middle lies in the convex hull of the object, edges included: the definition of regionprops'
 * ConvexArea. The hull is that of the middles of the pixels' edges, so a convex object is its own hull. (The hull
 * of `image-js` is a polygon through pixel corners, whose area exceeds even that of a disc, by its staircase.)
 */
export function measureConvexArea(box: ObjectBox): number {
  const { left, right } = outline(box)
  const leftHull = concaveEnvelope(left)
  const rightHull = concaveEnvelope(right)
  let area = 0
  for (let row = 0; row < box.height; row++) {
    const last = Math.floor((rightHull[2 * row + 1] ?? 0) / 2)
    const first = Math.ceil(-(leftHull[2 * row + 1] ?? 0) / 2)
    area += last - first + 1
  }
  return area
}

/**
 * How far the object reaches to each side, in half pixels, at every half row from its upper to its lower edge: a pixel
 * reaches to the middle of its outer edge, and to its own middle at its upper and lower edges. The left side is
 * mirrored, so that both sides look for the largest reach. Rows without a pixel reach infinitely little.
 */
function outline({ cells, stride, width, height }: ObjectBox): { left: Float64Array; right: Float64Array } {
  const left = new Float64Array(2 * height + 1).fill(Number.NEGATIVE_INFINITY)
  const right = left.slice()
  for (let row = 0; row < height; row++) {
    const line = cells.subarray((row + 1) * stride + 1, (row + 1) * stride + 1 + width)
    if (!line.includes(1)) continue
    addPixel(left, row, -line.indexOf(1))
    addPixel(right, row, line.lastIndexOf(1))
  }
  return { left, right }
}

function addPixel(side: Float64Array, row: number, reach: number): void {
  const upper = 2 * row
  side[upper] = Math.max(side[upper] ?? 0, 2 * reach)
  side[upper + 1] = 2 * reach + 1
  side[upper + 2] = 2 * reach
}

/**
 * The smallest concave curve over the values: one side of Andrew's monotone chain (Information Processing Letters 9,
 * 1979), whose sorting is not needed because the values come row by row.
 */
function concaveEnvelope(values: Float64Array): Float64Array {
  const at = (i: number): number => values[i] ?? 0
  const hull: number[] = []
  for (let i = 0; i < values.length; i++) {
    for (let [a, b] = hull.slice(-2); b !== undefined && a !== undefined; [a, b] = hull.slice(-2)) {
      if ((at(b) - at(a)) * (i - a) > (at(i) - at(a)) * (b - a)) break
      hull.pop()
    }
    hull.push(i)
  }
  return interpolate(hull, at, values.length)
}

/** Multiplies before it divides: whole numbers stay exact, so a pixel's middle on an edge is never lost by rounding. */
function interpolate(knots: readonly number[], at: (i: number) => number, length: number): Float64Array {
  const curve = new Float64Array(length)
  for (const [k, from] of knots.entries()) {
    const to = knots[k + 1] ?? from + 1
    for (let i = from; i < Math.min(to, length); i++)
      curve[i] = at(from) + ((at(to) - at(from)) * (i - from)) / (to - from)
  }
  return curve
}
