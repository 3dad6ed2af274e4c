import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

/** Why promtool cannot be asked; false when it can. With LONGSHORE_REQUIRE_PROMTOOL=1 a missing one is no excuse. */
export const noPromtool: string | false =
  process.env.LONGSHORE_REQUIRE_PROMTOOL === '1' || spawnSync('promtool', ['--version']).status === 0
    ? false
    : 'promtool is not installed (Debian: prometheus)'

/** Runs promtool and fails with what it says when it finds anything. */
export function promtool(args: readonly string[], input = ''): void {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  assert.ifError(error)
  assert.equal(status, 0, `promtool ${args.join(' ')}: ${stdout}${stderr}`)
}
