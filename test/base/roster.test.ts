import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Roster } from '../../src/base/roster.ts'

test('it holds what a Map would hold, in the same order', () => {
  const key = fc.integer({ min: 0, max: 60 })
  const change = fc.oneof(
    fc.record({ set: key, to: fc.integer() }),
    fc.record({ delete: key }),
    // Many go at once, so that a fresh map takes over now and then.
    fc.record({ below: key }),
  )
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const roster = new Roster<number, number>()
      const map = new Map<number, number>()
      for (const each of changes) {
        if ('set' in each) {
          roster.set(each.set, each.to)
          map.set(each.set, each.to)
        } else if ('delete' in each) assert.equal(roster.delete(each.delete), map.delete(each.delete))
        else
          for (const one of [...map.keys()].filter((k) => k < each.below))
            assert.equal(roster.delete(one), map.delete(one))
        assert.equal(roster.size, map.size)
      }
      assert.deepEqual([...roster], [...map])
      assert.deepEqual([...roster.keys()], [...map.keys()])
      assert.deepEqual([...roster.values()], [...map.values()])
      for (let k = 0; k <= 60; k++) assert.deepEqual([roster.has(k), roster.get(k)], [map.has(k), map.get(k)])
    }),
  )
})

test('a loop over it meets each entry once, though all are deleted on the way', () => {
  const roster = new Roster<number, string>()
  for (let k = 0; k < 100; k++) roster.set(k, `${k}`)
  const met: number[] = []
  for (const [k] of roster) {
    met.push(k)
    roster.delete(k)
  }
  assert.equal(met.length, 100)
  assert.equal(roster.size, 0)
  roster.set(1, 'again')
  assert.deepEqual([...roster], [[1, 'again']])
})
