import type { Segmentation } from './segment.ts'

/** The part of a mask that holds the object, with a margin of one empty pixel, so that no neighbour needs a bounds check. */
export interface ObjectBox {
  /** Left edge of the object in the picture, in pixels. */
  readonly x: number
  /** Top edge of the object in the picture, in pixels. */
  readonly y: number
  /** Width of the object in pixels. */
  readonly width: number
  /** Height of the object in pixels. */
  readonly height: number
  /** Cells per row, margins included: `width + 2`. */
  readonly stride: number
  /** `height + 2` rows of `stride` cells; the object's top left pixel is cell `stride + 1`. */
  readonly cells: Uint8Array
}

/** Cuts the object out of its mask; undefined when the mask is empty. */
export function objectBox(segmentation: Segmentation): ObjectBox | undefined {
  const edges = findEdges(segmentation)
  if (edges === undefined) return undefined
  const { left, top, right, bottom } = edges
  const width = right - left + 1
  const height = bottom - top + 1
  const stride = width + 2
  const cells = new Uint8Array(stride * (height + 2))
  for (let row = 0; row < height; row++) {
    const start = (top + row) * segmentation.width + left
    cells.set(segmentation.mask.subarray(start, start + width), (row + 1) * stride + 1)
  }
  return { x: left, y: top, width, height, stride, cells }
}

function findEdges({ width, height, mask }: Segmentation) {
  let left = width
  let right = -1
  let top = height
  let bottom = -1
  for (let row = 0; row < height; row++) {
    const line = mask.subarray(row * width, (row + 1) * width)
    const first = line.indexOf(1)
    if (first < 0) continue
    left = Math.min(left, first)
    right = Math.max(right, line.lastIndexOf(1))
    top = Math.min(top, row)
    bottom = row
  }
  return bottom < 0 ? undefined : { left, right, top, bottom }
}
