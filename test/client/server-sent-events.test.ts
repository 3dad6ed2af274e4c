import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EventStreamParser, type ServerSentEvent } from '../../client/src/server-sent-events.ts'

describe('a stream of server-sent events', () => {
  test('has lines that end with LF, CR or CR LF', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      assert.deepEqual(parse(`id: 1${end}event: a${end}data: x${end}${end}data: y${end}${end}`), [
        { id: '1', type: 'a', data: 'x' },
        { id: '1', type: 'message', data: 'y' },
      ])
    }
  })

  test('joins the data of several lines, and takes one space after the colon away', () => {
    assert.deepEqual(parse('data: one\ndata:  two\ndata\ndata:three\n\n'), [
      { id: '', type: 'message', data: 'one\n two\n\nthree' },
    ])
  })

  test('begins behind a byte order mark', () => {
    assert.deepEqual(parse('\uFEFFdata: x\n\n'), [{ id: '', type: 'message', data: 'x' }])
  })

  test('gives nothing for comments, for events without data and for one that is not whole', () => {
    assert.deepEqual(parse(': alive\n\nevent: empty\nid: 4\n\nunknown: x\n\ndata: cut off\n'), [])
  })

  test('keeps an id until another comes, and takes none with a NUL', () => {
    const events = parse('id: 7\ndata: a\n\nid: 8\0\ndata: b\n\nid\ndata: c\n\n')
    assert.deepEqual(
      events.map(({ id }) => id),
      ['7', '7', ''],
    )
  })

  test('says how long to wait before coming back, in digits alone', () => {
    const parser = new EventStreamParser()
    for (const [line, expected] of [
      ['retry: soon', undefined],
      ['retry: 2000', 2000],
      ['retry: -1', 2000],
    ] as const) {
      assert.deepEqual([...parser.push(new TextEncoder().encode(`${line}\n`))], [])
      assert.equal(parser.retryMs, expected)
    }
  })

  test('is the same whatever byte it is cut at, also between CR and LF', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const stream = ['\uFEFFid: 1', 'data: é漢', 'data: 🚢', '', 'data: b', 'data: c', '', ''].join(end)
      const whole = parse(stream)
      assert.equal(whole.length, 2)
      for (let at = 0; at <= Buffer.byteLength(stream); at++) assert.deepEqual(parse(stream, [at]), whole)
    }
  })

  test('is the same however it is cut into pieces', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ':', ' ', '\0', 'é', '漢', '🚢', '\uFEFF', '0') })
    const line = fc.oneof(
      text,
      fc.tuple(fc.constantFrom('data', 'event', 'id', 'retry', ''), text).map(([name, value]) => `${name}: ${value}`),
    )
    const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n')))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400)), (lines, cuts) => {
        const whole = lines.flat().join('')
        assert.deepEqual(parse(whole, cuts), parse(whole))
      }),
      { numRuns: 500 },
    )
  })
})

function parse(stream: string, cuts: readonly number[] = []): ServerSentEvent[] {
  const bytes = new TextEncoder().encode(stream)
  const parser = new EventStreamParser()
  const borders = [0, ...cuts.filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b), bytes.length]
  return borders.flatMap((border, i) => [...parser.push(bytes.subarray(borders[i - 1] ?? 0, border))])
}
