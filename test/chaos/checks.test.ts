import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditRow } from './audit.ts'
import { historiesOf } from './check-audit.ts'
import { checkEffects } from './check-effects.ts'
import { readOptions } from './options.ts'
import { planOf } from './plan.ts'
import type { Effect } from './work.ts'

const BLANK = { was: null, phase: null, tokenWas: 0, token: 0, attempt: 0, worker: null, endedBy: null }

function row(change: Partial<AuditRow>): AuditRow {
  return { job: 'j', at: 0, ...BLANK, leaseExpiredAt: null, cancelAsked: false, ...change }
}

const INSERTED = row({ phase: 1, tokenWas: null })
const BORN_CLAIMED = row({ phase: 2, tokenWas: null, token: 1, attempt: 1, worker: 'w', at: 10 })
const CLAIMED = row({ was: 1, phase: 2, token: 1, worker: 'w', at: 10 })
const COMPLETED = row({ was: 2, phase: 3, tokenWas: 1, token: 1, worker: 'w', endedBy: '1 w', at: 20 })
const TAKEN = { was: 2, phase: 1, tokenWas: 1, token: 1, worker: 'w', leaseExpiredAt: 20 }

function violationsOf(rows: AuditRow[]): string[] {
  return historiesOf(rows).get('j')?.violations ?? []
}

test('the same seed plans the same run, another one another', () => {
  const [one, again, other] = ['7', '7', '8'].map((seed) => planOf(readOptions(['--seed', seed])))
  assert.deepEqual(one, again)
  assert.notDeepEqual(one?.faults, other?.faults)
})

test('the audit passes a job that is claimed and settled, and one that is rescued when its lease is over', () => {
  assert.deepEqual(violationsOf([INSERTED, CLAIMED, COMPLETED]), [])
  assert.deepEqual(violationsOf([INSERTED, CLAIMED, row({ ...TAKEN, at: 20 })]), [])
  assert.deepEqual(violationsOf([BORN_CLAIMED, COMPLETED]), [])
})

test('the audit finds what may not happen', () => {
  const found = (rows: AuditRow[], what: RegExp): void => {
    assert.match(violationsOf([INSERTED, CLAIMED, ...rows]).join('\n'), what)
  }
  found([CLAIMED], /claimed while it was held/)
  assert.match(violationsOf([BORN_CLAIMED, CLAIMED]).join(), /claimed while it was held/)
  assert.match(violationsOf([row({ ...BORN_CLAIMED, token: 2 })]).join(), /inserted under a token it may not have/)
  found([COMPLETED, row({ was: 3, phase: 4, tokenWas: 1, token: 1 })], /may not happen/)
  found([COMPLETED, row({ ...COMPLETED, was: 2, phase: 4 })], /settled 2 times/)
  found([row({ ...TAKEN, at: 19 })], /had not run out/)
  const asked = row({ was: 2, phase: 2, tokenWas: 1, token: 1, cancelAsked: true })
  const again = row({ was: 1, phase: 2, tokenWas: 1, token: 2, worker: 'x', at: 30, cancelAsked: true })
  found([asked, row({ ...TAKEN, at: 20, cancelAsked: true }), again], /after a cancel/)
})

test('effects without a claim, of two runs under one token, or long after the lease without an excuse are found', () => {
  const histories = historiesOf([INSERTED, CLAIMED, COMPLETED])
  const effect = (change: Partial<Effect>): Effect => ({
    ...{ what: 'step', job: 'j', token: 1, attempt: 1, pid: 5, at: 15 },
    ...change,
  })
  const begin = effect({ what: 'begin' })
  const check = (effects: Effect[], excused = false): string => {
    const excuses = excused ? [{ concerns: () => true, from: 12, to: 60 }] : []
    return checkEffects(effects, histories, { excuses, patienceMs: 5, epochMs: 0 }).violations.join('\n')
  }
  assert.equal(check([begin, effect({})]), '')
  assert.match(check([effect({ what: 'begin', token: 2 })]), /without a claim/)
  assert.match(check([begin, { ...begin, pid: 6 }]), /not begun once.*\n.*several processes/)
  assert.match(check([begin, effect({ at: 50 })]), /after its lease was over, undisturbed/)
  assert.equal(check([begin, effect({ at: 50 })], true), '')
})
