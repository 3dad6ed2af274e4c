import assert from 'node:assert/strict'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findBudget, quotaOfCpu } from '../../src/worker/budget.ts'
import { tempFolder } from '../support/temp-folder.ts'

const NOTHING = { cpu: undefined, memoryBytes: undefined, scratchBytes: undefined }

test('what is configured is the budget; the rest is what this process may use', async () => {
  await using folder = await tempFolder()
  const missing = join(folder.path, 'not/made/yet')
  assert.deepEqual(findBudget({ cpu: 0.5, memoryBytes: 1, scratchBytes: 2 }, missing), {
    cpu: 0.5,
    memoryBytes: 1,
    scratchBytes: 2,
  })
  const found = findBudget(NOTHING, missing)
  assert.ok(found.cpu > 0 && found.cpu <= availableParallelism(), `${found.cpu} processors`)
  assert.ok(found.memoryBytes > 0 && found.memoryBytes < totalmem(), `${found.memoryBytes} bytes`)
  assert.ok(found.scratchBytes > 0 && Number.isSafeInteger(found.scratchBytes), `${found.scratchBytes} bytes`)
})

test('the quota of a control group is read with its fraction, of both versions', () => {
  const files = (all: Record<string, string>) => (path: string) => all[path]
  assert.equal(quotaOfCpu(files({ '/sys/fs/cgroup/cpu.max': '150000 100000\n' })), 1.5)
  assert.equal(quotaOfCpu(files({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' })), undefined)
  const cfs = { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000' }
  assert.equal(quotaOfCpu(files(cfs)), 0.5)
  assert.equal(quotaOfCpu(files({ ...cfs, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1' })), undefined)
  assert.equal(quotaOfCpu(files({})), undefined)
})
