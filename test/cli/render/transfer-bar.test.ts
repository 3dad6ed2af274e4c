import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderTransfer, TransferRate } from '../../../src/cli/render/transfer-bar.ts'

const MIB = 1024 * 1024
const HALF = { doneBytes: 50 * MIB, totalBytes: 100 * MIB, doneFiles: 1, totalFiles: 3 }

test('a bar shows percent, bytes, rate, time left and files; a narrow terminal sees less of the end', () => {
  assert.equal(
    renderTransfer('Uploading', HALF, 10 * MIB, 79),
    'Uploading ████░░░░░ 50%  50 MiB of 100 MiB · 10 MiB/s · 5s left · 1 of 3 files',
  )
  assert.equal(renderTransfer('Uploading', HALF, 10 * MIB, 39), 'Uploading ████░░░░ 50%  50 MiB of 100 …')
  assert.equal(
    renderTransfer('Uploading', { ...HALF, totalFiles: 1 }, undefined, 79),
    'Uploading ████░░░░░ 50%  50 MiB of 100 MiB',
  )
})

test('the rate is that of the last seconds, not of the whole', () => {
  const rate = new TransferRate()
  assert.equal(rate.add(0, 1000), undefined, 'bytes of an earlier try are no speed')
  assert.equal(rate.add(1000, 1010), 10)
  assert.equal(rate.add(11_000, 1110), 10)
  assert.equal(rate.add(21_000, 11_110), 1000)
})
