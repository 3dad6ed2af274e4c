import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cli } from './cli.ts'

test('a mistyped option or command names the nearest, and is a usage error', async () => {
  assert.deepEqual(await cli(['job', 'x', '--jsn']), {
    code: 2,
    stdout: '',
    stderr: "error: unknown option '--jsn'\n(Did you mean --json?)\n(--help shows what there is)\n",
  })
  assert.deepEqual(await cli(['jop', 'x']), {
    code: 2,
    stdout: '',
    stderr: "error: unknown command 'jop'\n(Did you mean job?)\n(--help shows what there is)\n",
  })
})

test('a service that cannot be reached is told with its address, and has an exit code of its own', async () => {
  const { code, stdout, stderr } = await cli(['job', 'x'], { env: { LONGSHORE_URL: 'http://127.0.0.1:9' } })
  assert.equal(code, 3)
  assert.equal(stdout, '')
  assert.match(stderr, /^error: http:\/\/127\.0\.0\.1:9 cannot be reached.*\(UNREACHABLE\)\nIs the service running\?/)
})
