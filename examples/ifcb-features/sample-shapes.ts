import type { Random } from './random.ts'
import type { GreyImage } from './segment.ts'

/** One body of a drawn organism: an ellipse about a point relative to the organism's middle, in pixels. */
interface Body {
  readonly x: number
  readonly y: number
  /** Half axes. */
  readonly a: number
  readonly b: number
  /** Direction of `a`, in radians. */
  readonly angle: number
  /** Grey levels by which it darkens the water. */
  readonly depth: number
}

/** Grey level of the water and clear space around an organism, as in real bins. */
const WATER_LEVEL = 172
const MARGIN = 12

const KINDS = [drawCell, drawChain, drawRod, drawFlagellate]

/** Draws one organism of a random kind on noisy, unevenly lit water, in a picture as wide as the instrument would cut it. */
export function drawOrganism(random: Random): GreyImage {
  const kind = KINDS[random.whole(0, KINDS.length - 1)] ?? drawCell
  const bodies = kind(random)
  const reachX = Math.max(
    ...bodies.map(({ x, a, b, angle }) => Math.abs(x) + Math.hypot(a * Math.cos(angle), b * Math.sin(angle))),
  )
  const reachY = Math.max(
    ...bodies.map(({ y, a, b, angle }) => Math.abs(y) + Math.hypot(a * Math.sin(angle), b * Math.cos(angle))),
  )
  // The instrument cuts its images in steps of eight columns.
  const width = 8 * Math.ceil((reachX + MARGIN) / 4)
  const height = 2 * Math.ceil(reachY + MARGIN)
  return paint(width, height, bodies, random)
}

function drawCell(random: Random): Body[] {
  const a = random.between(7, 26)
  const angle = random.between(0, Math.PI)
  const b = a * random.between(0.6, 1)
  const cell = { x: 0, y: 0, a, b, angle, depth: random.between(45, 95) }
  if (random.chance(0.6)) return [cell]
  // A vacuole: a clear middle, brighter than the cell.
  return [cell, { ...cell, a: 0.4 * a, b: 0.4 * b, depth: -0.8 * cell.depth }]
}

function drawChain(random: Random): Body[] {
  const links = random.whole(3, 6)
  const a = random.between(6, 12)
  const angle = random.between(-0.5, 0.5)
  const depth = random.between(50, 90)
  return Array.from({ length: links }, (_, i) => {
    const along = (i - (links - 1) / 2) * 1.8 * a
    return { x: along * Math.cos(angle), y: along * Math.sin(angle), a, b: a * random.between(0.7, 1), angle, depth }
  })
}

function drawRod(random: Random): Body[] {
  const a = random.between(25, 60)
  return [
    {
      x: 0,
      y: 0,
      a,
      b: a * random.between(0.1, 0.25),
      angle: random.between(0, Math.PI),
      depth: random.between(55, 90),
    },
  ]
}

function drawFlagellate(random: Random): Body[] {
  const a = random.between(8, 14)
  const angle = random.between(0, 2 * Math.PI)
  const tail = 2 * a
  return [
    { x: 0, y: 0, a, b: 0.75 * a, angle, depth: random.between(55, 95) },
    { x: tail * Math.cos(angle), y: tail * Math.sin(angle), a: 1.3 * a, b: 1.2, angle, depth: 35 },
  ]
}

function paint(width: number, height: number, bodies: readonly Body[], random: Random): GreyImage {
  const slopeX = random.between(-4, 4) / width
  const slopeY = random.between(-4, 4) / height
  const pixels = new Uint8Array(width * height)
  for (let i = 0; i < pixels.length; i++) {
    const x = (i % width) - width / 2
    const y = Math.floor(i / width) - height / 2
    // The sum of two draws is bell-shaped enough for the camera's noise.
    const water = WATER_LEVEL + slopeX * x + slopeY * y + random.between(-4, 4) + random.between(-4, 4)
    const level = bodies.reduce((rest, body) => rest - darkness(body, x, y, random), water)
    pixels[i] = Math.max(0, Math.min(255, Math.round(level)))
  }
  return { width, height, pixels }
}

/** A body darkens most near its wall, is grainy inside, and its edge is about two pixels soft. */
function darkness({ x, y, a, b, angle, depth }: Body, atX: number, atY: number, random: Random): number {
  const along = (atX - x) * Math.cos(angle) + (atY - y) * Math.sin(angle)
  const across = (atY - y) * Math.cos(angle) - (atX - x) * Math.sin(angle)
  const radius = Math.hypot(along / a, across / b)
  const cover = Math.max(0, Math.min(1, ((1 - radius) * Math.min(a, b)) / 2 + 0.5))
  if (cover === 0) return 0
  return cover * depth * (0.7 + 0.3 * radius * radius + random.between(-0.12, 0.12))
}
