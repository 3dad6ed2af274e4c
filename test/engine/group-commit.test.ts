import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GroupCommit, Write } from '../../src/engine/sqlite/group-commit.ts'

/** A group commit over an empty table, and how many writes each of its rounds had. */
function openCommit() {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE notes (text)')
  const insert = db.prepare('INSERT INTO notes VALUES (?)')
  const rounds: number[] = []
  let written = 0
  let now = 0
  const participant = {
    wantsFill: () => false,
    fill: () => {},
    closing: () => {},
    committed: () => {
      rounds.push(written)
      written = 0
    },
    rolledBack: () => {},
    fillFailed: () => {},
  }
  const commit = new GroupCommit(db, participant, () => now)
  const write = (text: string): Promise<void> =>
    commit.write(() => {
      insert.run(text)
      written += 1
    })
  const last = (text: string): Promise<void> =>
    new Promise((resolve, reject) => commit.addLast(new Write(() => void insert.run(text), resolve, reject)))
  const notes = (): unknown[] =>
    db
      .prepare('SELECT text FROM notes')
      .all()
      .map(({ text }) => text)
  return { write, last, notes, rounds, pass: (ms: number) => (now += ms) }
}

describe('a round of the group commit', () => {
  test('has all writes of one turn of the event loop and of those after it, until one brings no more', async () => {
    const { write, rounds } = openCommit()
    const writes = [write('a'), write('b')]
    for (const text of ['c', 'd']) {
      await turn()
      assert.deepEqual(rounds, [])
      writes.push(write(text))
    }
    await Promise.all(writes)
    assert.deepEqual(rounds, [4])
  })

  test('is not put off for a write that comes alone', async () => {
    const { write, rounds } = openCommit()
    const alone = write('a')
    await turn()
    assert.deepEqual(rounds, [1])
    await alone
  })

  test('has what is to come last behind the others', async () => {
    const { write, last, notes } = openCommit()
    await Promise.all([write('a'), last('y'), write('b'), last('z'), write('c')])
    assert.deepEqual(notes(), ['a', 'b', 'c', 'y', 'z'])
  })

  test('comes in time, however many follow', async () => {
    const { write, rounds, pass } = openCommit()
    const writes: Promise<void>[] = []
    for (let passed = 0; passed < 3; passed++) {
      assert.deepEqual(rounds, [])
      writes.push(write('a'), write('b'))
      await turn()
      pass(1)
    }
    writes.push(write('a'))
    await Promise.all(writes)
    assert.deepEqual(rounds, [6, 1])
  })
})
