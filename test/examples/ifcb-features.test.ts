import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Features, measureFeatures } from '../../examples/ifcb-features/features.ts'
import type { Segmentation } from '../../examples/ifcb-features/segment.ts'
import { CELL, disc, draw, ellipse, near, type Shape, WATER } from './ifcb-shapes.ts'

describe('features of known shapes', () => {
  test('a disc has the area, perimeter and diameter of its radius and no preferred direction', () => {
    const radius = 40
    const features = measure(101, 101, disc(50, 50, radius))
    near(features.area, Math.PI * radius ** 2, 0.002)
    near(features.perimeter, 2 * Math.PI * radius, 0.05)
    near(features.equivalentDiameter, 2 * radius, 0.001)
    near(features.majorAxisLength, 2 * radius, 0.002)
    near(features.minorAxisLength, 2 * radius, 0.002)
    near(features.extent, Math.PI / 4, 0.03)
    assert.ok(features.solidity > 0.98)
    assert.ok(features.eccentricity < 1e-6)
    assert.deepEqual([features.orientation, features.centroidX, features.centroidY], [0, 50, 50])
  })

  test('a rectangle has exact values of every feature', () => {
    const features = measure(30, 20, (x, y) => x >= 4 && x < 24 && y >= 6 && y < 14)
    const expected: Features = {
      area: 160,
      perimeter: 2 * 19 + 2 * 7,
      equivalentDiameter: Math.sqrt(640 / Math.PI),
      // The variance of a uniform interval of length L is L² / 12, and an axis is four standard deviations.
      majorAxisLength: (4 * 20) / Math.sqrt(12),
      minorAxisLength: (4 * 8) / Math.sqrt(12),
      eccentricity: Math.sqrt(1 - 8 ** 2 / 20 ** 2),
      orientation: 0,
      convexArea: 160,
      solidity: 1,
      extent: 1,
      centroidX: 13.5,
      centroidY: 9.5,
      boxX: 4,
      boxY: 6,
      boxWidth: 20,
      boxHeight: 8,
      meanIntensity: CELL,
    }
    same(features, expected)
  })

  for (const angle of [-75, -45, -10, 0, 20, 45, 60, 90]) {
    test(`an ellipse turned by ${angle}° has its axes, its eccentricity and that orientation`, () => {
      const features = measure(121, 121, ellipse(60, 60, 50, 20, angle))
      near(features.majorAxisLength, 100, 0.005)
      near(features.minorAxisLength, 40, 0.01)
      near(features.eccentricity, Math.sqrt(1 - 0.4 ** 2), 0.002)
      near(features.area, Math.PI * 50 * 20, 0.01)
      assert.ok(Math.abs(features.orientation - angle) < 0.3, `${features.orientation}`)
    })
  }

  test('one pixel has the axes of a unit square and no perimeter', () => {
    const features = measure(5, 5, (x, y) => x === 2 && y === 3)
    const axis = 4 / Math.sqrt(12)
    assert.deepEqual([features.area, features.perimeter, features.convexArea, features.eccentricity], [1, 0, 1, 0])
    assert.deepEqual([features.centroidX, features.centroidY, features.solidity, features.extent], [2, 3, 1, 1])
    near(features.majorAxisLength, axis, 1e-12)
    near(features.minorAxisLength, axis, 1e-12)
  })

  test('an object that fills the picture is measured up to its edges', () => {
    const features = measure(12, 7, () => true)
    assert.deepEqual([features.area, features.perimeter, features.convexArea], [84, 2 * 11 + 2 * 6, 84])
    assert.deepEqual([features.boxX, features.boxY, features.boxWidth, features.boxHeight], [0, 0, 12, 7])
  })

  test('turning a shape by 90° turns its orientation and changes nothing else', () => {
    const lying = measure(80, 80, chain)
    const upright = measure(80, 80, (x, y) => chain(79 - y, x))
    near(lying.orientation, -23.8, 0.2)
    near(upright.orientation, lying.orientation + 90, 1e-9)
    for (const key of [
      'area',
      'perimeter',
      'majorAxisLength',
      'eccentricity',
      'convexArea',
      'solidity',
      'extent',
    ] as const) {
      near(upright[key], lying[key], 1e-9)
    }
  })

  test('the convex area is that of the hull through the pixels, tried on random blobs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(coordinate, coordinate, fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 5 }),
        (discs) => {
          const blobs = discs.map(([x, y, radius]) => disc(x, y, radius))
          const image = draw(70, 70, (x, y) => blobs.some((blob) => blob(x, y)))
          assert.equal(measureMask(image).convexArea, bruteConvexArea(image.mask, 70))
        },
      ),
      { numRuns: 150 },
    )
  })
})

const coordinate = fc.integer({ min: 5, max: 64 })

describe('features agree with scikit-image 0.26', () => {
  // From skimage.measure.regionprops over the same three formulas. Its axes leave out the 1/12 that a pixel's own extent
  // adds to each moment, so they are compared as 16 × variance + 16/12; its orientation counts from the row axis.
  const references = {
    ellipse: {
      size: [90, 80],
      shape: ellipse(44.3, 39.6, 30, 12, 30),
      numbers: [
        1127, 141.78174593052023, 37.88061465864207, 59.768466159795295, 24.004613071280588, -1.0478688150451565,
      ],
      hull: [1157, 0.9740708729472775, 0.5906708595387841, 44.2812777284827, 39.60425909494232],
      box: [22, 18, 58, 71],
    },
    chain: {
      size: [120, 60],
      shape: (x: number, y: number) =>
        [disc(25, 20, 13), disc(45, 28, 12), disc(66, 33, 14), disc(88, 40, 11)].some((link) => link(x, y)),
      numbers: [
        1881, 250.24978336205572, 48.938365150941046, 99.42179922459522, 25.945799659827518, 1.2691859704431396,
      ],
      hull: [2268, 0.8293650793650794, 0.475, 54.558213716108455, 29.736842105263158],
      box: [7, 12, 52, 100],
    },
    crescent: {
      size: [70, 70],
      shape: (x: number, y: number) => disc(33, 35, 28)(x, y) && !disc(44, 30, 20)(x, y),
      numbers: [1305, 223.34419177103413, 40.76245338395847, 66.50401805860024, 42.25754692996994, 0.4258315777924335],
      hull: [2324, 0.5615318416523236, 0.41626794258373206, 24.56168582375479, 38.83448275862069],
      box: [7, 5, 64, 60],
    },
  }
  for (const [name, { size, shape, numbers, hull, box }] of Object.entries(references)) {
    test(`on the ${name}`, () => {
      const [area = 0, perimeter = 0, equivalentDiameter = 0, major = 0, minor = 0, orientation = 0] = numbers
      const [convexArea = 0, solidity = 0, extent = 0, centroidX = 0, centroidY = 0] = hull
      const [top = 0, left = 0, bottom = 0, right = 0] = box
      const degrees = (orientation * 180) / Math.PI + 90
      const majorAxisLength = Math.hypot(major, 4 / Math.sqrt(12))
      const minorAxisLength = Math.hypot(minor, 4 / Math.sqrt(12))
      same(measure(size[0] ?? 0, size[1] ?? 0, shape), {
        area,
        perimeter,
        equivalentDiameter,
        majorAxisLength,
        minorAxisLength,
        eccentricity: Math.sqrt(1 - (minorAxisLength / majorAxisLength) ** 2),
        orientation: degrees > 90 ? degrees - 180 : degrees,
        convexArea,
        solidity,
        extent,
        centroidX,
        centroidY,
        boxX: left,
        boxY: top,
        boxWidth: right - left,
        boxHeight: bottom - top,
        meanIntensity: CELL,
      })
    })
  }
})

function chain(x: number, y: number): boolean {
  return [disc(20, 25, 10), disc(38, 33, 9), disc(56, 41, 10)].some((link) => link(x, y))
}

function measureMask(segmentation: Segmentation): Features {
  const pixels = segmentation.mask.map((value) => (value === 1 ? CELL : WATER))
  const features = measureFeatures({ ...segmentation, pixels }, segmentation)
  assert.ok(features)
  return features
}

function measure(width: number, height: number, shape: Shape): Features {
  return measureMask(draw(width, height, shape))
}

function same(actual: Features, expected: Features): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort())
  for (const [key, value] of Object.entries(expected)) {
    const found: unknown = Reflect.get(actual, key)
    assert.ok(typeof found === 'number' && Math.abs(found - value) < 1e-9, `${key}: ${found} is not ${value}`)
  }
}

/** The slow way: a pixel is in the hull unless some line through two hull points has all of them on its other side. */
function bruteConvexArea(mask: Uint8Array, width: number): number {
  const pixels = [...mask.keys()].map((i) => [i % width, Math.floor(i / width)] as const)
  const points = pixels
    .filter((_, i) => mask[i] === 1)
    .flatMap(
      ([x, y]) =>
        [
          [2 * x - 1, 2 * y],
          [2 * x + 1, 2 * y],
          [2 * x, 2 * y - 1],
          [2 * x, 2 * y + 1],
        ] as const,
    )
  const side = (a: readonly [number, number], b: readonly [number, number], p: readonly [number, number]) =>
    (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
  const edges = hullEdges(points, side)
  return pixels.filter(([x, y]) => edges.every(([a, b]) => side(a, b, [2 * x, 2 * y]) >= 0)).length
}

type Point = readonly [number, number]

/** Gift wrapping: from the topmost point, always to the point that leaves all others on one side. */
function hullEdges(
  points: readonly Point[],
  side: (a: Point, b: Point, p: Point) => number,
): (readonly [Point, Point])[] {
  const start = points.reduce((best, p) => (p[1] < best[1] || (p[1] === best[1] && p[0] < best[0]) ? p : best))
  const edges: (readonly [Point, Point])[] = []
  let from = start
  do {
    const origin = from
    const to = points.reduce((best, p) => {
      if (best[0] === origin[0] && best[1] === origin[1]) return p
      const turn = side(origin, best, p)
      const farther =
        Math.hypot(p[0] - origin[0], p[1] - origin[1]) > Math.hypot(best[0] - origin[0], best[1] - origin[1])
      return turn < 0 || (turn === 0 && farther) ? p : best
    })
    edges.push([from, to])
    from = to
  } while (from[0] !== start[0] || from[1] !== start[1])
  return edges
}
