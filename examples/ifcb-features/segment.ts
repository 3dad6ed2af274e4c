import { computeThreshold, fromMask, Image, Mask, type Roi } from 'image-js'

/** An 8-bit grey picture: `height` rows of `width` pixels from the top left. */
export interface GreyImage {
  /** Pixels per row. */
  readonly width: number
  /** Rows. */
  readonly height: number
  readonly pixels: Uint8Array
}

/** The object found in a picture, as a mask of the same size. */
export interface Segmentation {
  readonly width: number
  readonly height: number
  /** 1 where the object is, 0 elsewhere; rows as in the picture. All 0 when there is no object. */
  readonly mask: Uint8Array
  /** Grey level up to which a smoothed pixel counts as dark; null when the picture has only one level. */
  readonly threshold: number | null
}

/** Standard deviation of the blur, in pixels: wide enough to close the gaps in a cell's wall, narrower than any cell. */
const BLUR_SIGMA = 2

/**
 * Finds the object of a picture: Gaussian blur, Otsu's threshold (N. Otsu, "A threshold selection method from
 * gray-level histograms", IEEE Trans. SMC 9, 1979), the largest 8-connected dark component, its holes filled.
 * IFCB cells are darker than the water around them. A picture of one single grey level has no object.
 */
export function segmentImage(image: GreyImage): Segmentation {
  const { width, height } = image
  const mask = new Uint8Array(width * height)
  const smooth = image.pixels.length === 0 ? undefined : blur(image)
  if (smooth === undefined || isUniform(smooth.getRawImage().data)) return { width, height, mask, threshold: null }
  const threshold = computeThreshold(smooth, { algorithm: 'otsu' })
  const dark = darkPixels(smooth, threshold)
  const largest = largestComponent(dark)
  if (largest !== undefined) drawFilled(largest, mask, width)
  return { width, height, mask, threshold }
}

function blur({ width, height, pixels }: GreyImage): Image {
  const image = new Image(width, height, { data: pixels, colorModel: 'GREY' })
  return image.gaussianBlur({
    sigmaX: BLUR_SIGMA,
    sigmaY: BLUR_SIGMA,
    sizeX: kernelSize(width),
    sizeY: kernelSize(height),
    borderType: 'replicate',
  })
}

/** The library refuses a kernel that reaches further than the picture is long: tiny pictures get a smaller one. */
function kernelSize(length: number): number {
  return 2 * Math.min(2 * BLUR_SIGMA, length - 1) + 1
}

function isUniform(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}

/** Compared here, because the library's own `threshold` takes a fraction of 255, which rounding can put below the level. */
function darkPixels(image: Image, threshold: number): Mask {
  const { width, height, data } = image.getRawImage()
  return new Mask(width, height, { data: Uint8Array.from(data, (level) => (level <= threshold ? 1 : 0)) })
}

function largestComponent(dark: Mask): Roi | undefined {
  const components = fromMask(dark, { allowCorners: true }).getRois({ kind: 'white' })
  return components.reduce<Roi | undefined>(
    (largest, roi) => (largest === undefined || roi.surface > largest.surface ? roi : largest),
    undefined,
  )
}

function drawFilled(component: Roi, mask: Uint8Array, width: number): void {
  const filled = component.getMask({ solidFill: true }).getRawImage()
  for (let row = 0; row < filled.height; row++) {
    const line = filled.data.subarray(row * filled.width, (row + 1) * filled.width)
    mask.set(line, (component.origin.row + row) * width + component.origin.column)
  }
}
