import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

/** Waits for something that nobody tells of; fails when it has not come after 10 s. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await isSo()); turn++) {
    assert.ok(turn < 2_000, 'it has not come')
    await pause(5)
  }
}
