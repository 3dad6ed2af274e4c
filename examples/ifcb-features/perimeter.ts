import type { ObjectBox } from './object-box.ts'

/**
 * What a border pixel adds to the perimeter, by the number of border pixels beside it (2 each), across its corners
 * (10 each) and itself (1): one step straight through, one diagonal step, or half of each. Other codes add nothing.
 */
const STEP_LENGTHS = stepLengths()

/**
 * Length of the object's outline in pixels, measured through the middles of its border pixels, by the estimator of
 * K. Benkrid and D. Crookes, "Design and FPGA implementation of a perimeter estimator" (Queen's University Belfast, 2000);
 * the same one as scikit-image's `perimeter`. A rectangle of w × h pixels has 2 (w - 1) + 2 (h - 1), one pixel has 0.
 */
export function measurePerimeter({ cells, stride, width, height }: ObjectBox): number {
  const border = borderCells({ cells, stride, width, height })
  let perimeter = 0
  for (let row = 1; row <= height; row++) {
    for (let i = row * stride + 1; i <= row * stride + width; i++) {
      if (border[i] === 1) perimeter += STEP_LENGTHS[neighbourCode(border, stride, i)] ?? 0
    }
  }
  return perimeter
}

/** Marks the object's pixels that have a pixel of another kind above, below, left or right. */
function borderCells({ cells, stride, width, height }: Pick<ObjectBox, 'cells' | 'stride' | 'width' | 'height'>) {
  const border = new Uint8Array(cells.length)
  for (let row = 1; row <= height; row++) {
    for (let i = row * stride + 1; i <= row * stride + width; i++) {
      const inside = cells[i - 1] === 1 && cells[i + 1] === 1 && cells[i - stride] === 1 && cells[i + stride] === 1
      if (cells[i] === 1 && !inside) border[i] = 1
    }
  }
  return border
}

function neighbourCode(border: Uint8Array, stride: number, i: number): number {
  const at = (offset: number): number => border[i + offset] ?? 0
  const beside = at(-1) + at(1) + at(-stride) + at(stride)
  const across = at(-stride - 1) + at(-stride + 1) + at(stride - 1) + at(stride + 1)
  return 1 + 2 * beside + 10 * across
}

function stepLengths(): Float64Array {
  const lengths = new Float64Array(50)
  for (const code of [5, 7, 15, 17, 25, 27]) lengths[code] = 1
  for (const code of [21, 33]) lengths[code] = Math.SQRT2
  for (const code of [13, 23]) lengths[code] = (1 + Math.SQRT2) / 2
  return lengths
}
