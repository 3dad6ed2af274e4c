import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { FastifyReply } from 'fastify'
import { Holds } from '../../src/http/holds.ts'

/** A reply as far as it is held. */
function reply(destroyed = false): { raw: EventEmitter; held: FastifyReply } {
  const raw = Object.assign(new EventEmitter(), { destroyed })
  return { raw, held: { raw } as unknown as FastifyReply }
}

test('a request beyond the limit is let go at once, and one that ends makes room', () => {
  const holds = new Holds(undefined, 2)
  const first = holds.hold(reply().held)
  const second = holds.hold(reply().held)
  using third = holds.hold(reply().held)
  assert.deepEqual([first.signal.aborted, second.signal.aborted, third.signal.aborted], [false, false, true])
  third[Symbol.dispose]()
  first[Symbol.dispose]()
  assert.equal(holds.hold(reply().held).signal.aborted, false)
})

test('a request whose client has gone, goes or is stopped is let go', () => {
  const holds = new Holds()
  assert.ok(holds.hold(reply(true).held).signal.aborted)
  const { raw, held } = reply()
  const going = holds.hold(held)
  raw.emit('close')
  assert.ok(going.signal.aborted)
  const stopped = holds.hold(reply().held)
  holds.closeAll()
  assert.ok(stopped.signal.aborted)
  assert.ok(holds.hold(reply().held).signal.aborted)
})
