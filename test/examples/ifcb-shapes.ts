import assert from 'node:assert/strict'
import type { GreyImage, Segmentation } from '../../examples/ifcb-features/segment.ts'

/** Whether the pixel at a column and row belongs to the object. */
export type Shape = (x: number, y: number) => boolean

/** Grey levels of drawn pictures. */
export const WATER = 170
export const CELL = 90

export function disc(cx: number, cy: number, radius: number): Shape {
  return (x, y) => (x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2
}

/** An ellipse whose half axis `a` points `degrees` counter-clockwise from the x axis, rows counted downwards. */
export function ellipse(cx: number, cy: number, a: number, b: number, degrees: number): Shape {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
  return (x, y) => (((x - cx) * cos - (y - cy) * sin) / a) ** 2 + (((x - cx) * sin + (y - cy) * cos) / b) ** 2 <= 1
}

export function draw(width: number, height: number, shape: Shape): Segmentation {
  const mask = Uint8Array.from({ length: width * height }, (_, i) => Number(shape(i % width, Math.floor(i / width))))
  return { width, height, mask, threshold: null }
}

/** A dark shape on water, with a repeatable noise of ± `noise` grey levels. */
export function picture(width: number, height: number, shape: Shape, noise = 5): GreyImage {
  const { mask } = draw(width, height, shape)
  const level = (value: number, i: number) =>
    (value === 1 ? CELL : WATER) + (((i * 2_654_435_761) >>> 7) % (2 * noise + 1)) - noise
  return { width, height, pixels: mask.map(level) }
}

export function near(actual: number, expected: number, relative: number): void {
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.max(1e-9, Math.abs(expected)),
    `${actual} is not near ${expected}`,
  )
}
