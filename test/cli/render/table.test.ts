import assert from 'node:assert/strict'
import { test } from 'node:test'
import stringWidth from 'string-width'
import { type Column, renderTable } from '../../../src/cli/render/table.ts'

const COLUMNS: Column<{ name: string; size: string }>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'SIZE', cell: ({ size }) => size, align: 'right' },
  { head: 'NAME AGAIN', cell: ({ name }) => name },
]

const ROWS = [
  { name: 'plankton', size: '5 B' },
  { name: '海洋生物', size: '100 KiB' },
]

const plain = (_: unknown, text: string): string => text

test('wide characters count as two columns, and numbers stand right', () => {
  assert.equal(
    renderTable(COLUMNS, ROWS, { width: 80, paint: plain }),
    ['NAME         SIZE  NAME AGAIN', 'plankton      5 B  plankton', '海洋生物  100 KiB  海洋生物'].join('\n'),
  )
})

test('the last column is cut where the room ends, never in the middle of a wide character', () => {
  const lines = renderTable(COLUMNS, ROWS, { width: 24, paint: plain }).split('\n')
  assert.deepEqual(lines, ['NAME         SIZE  NAME…', 'plankton      5 B  plan…', '海洋生物  100 KiB  海洋…'])
  for (let width = 1; width < 30; width++) {
    for (const line of renderTable(COLUMNS, ROWS, { width, paint: plain }).split('\n')) {
      assert.ok(stringWidth(line) <= width, `${line} in ${width} columns`)
    }
  }
})

test('a column that needs more room is left out of a narrow table', () => {
  const columns = [...COLUMNS.slice(0, 1), { head: 'MORE', cell: () => 'x', fromWidth: 40 }]
  assert.equal(renderTable(columns, ROWS, { width: 39, paint: plain }).split('\n')[0], 'NAME')
  assert.equal(renderTable(columns, ROWS, { width: 40, paint: plain }).split('\n')[0], 'NAME      MORE')
})

test('a table that goes on has no head, but its columns are as wide as the head needs', () => {
  assert.equal(
    renderTable(COLUMNS, ROWS.slice(0, 1), { width: 80, paint: plain, hasHead: false }),
    'plankton   5 B  plankton',
  )
})

test('a path is cut in its middle, so that its end can be read', () => {
  const columns: Column<{ path: string }>[] = [
    { head: 'N', cell: () => '1' },
    { head: 'PATH', cell: ({ path }) => path, cut: 'middle' },
  ]
  const rows = [{ path: 's3://bucket/a/long/way/to/images.tar' }, { path: 'short' }]
  assert.equal(
    renderTable(columns, rows, { width: 24, paint: plain }),
    ['N  PATH', '1  s3://bucke…images.tar', '1  short'].join('\n'),
  )
})
