import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fillIn } from '../../../src/processor/command/command-line.ts'
import { CommandProcessor } from '../../../src/processor/command/command-processor.ts'
import { UnrecoverableError } from '../../../src/processor/verdicts.ts'

const PLACES = {
  inputs: ['/in/a b.txt', '/in/{workdir}.txt'],
  workDir: '/work',
  outDir: '/job/outputs',
  paramsFile: '/job/params.json',
  parameters: { size: 3, name: '$(id)', box: [1, 2] },
}

test('each placeholder becomes what it stands for, and {inputs} an argument for each file', () => {
  const filled = fillIn(['cat', '{inputs}', '--out={outdir}/x', '{input:1}', '{params}', '{workdir}'], PLACES)
  assert.deepEqual(filled, [
    'cat',
    '/in/a b.txt',
    '/in/{workdir}.txt',
    '--out=/job/outputs/x',
    '/in/{workdir}.txt',
    '/job/params.json',
    '/work',
  ])
  assert.deepEqual(fillIn(['x', '{param:size}px', '{param:name}', '{param:box}'], PLACES), [
    'x',
    '3px',
    '$(id)',
    '[1,2]',
  ])
})

test('what is no placeholder stays as it is', () => {
  const template = ['awk', '{print $1}', '{input}', '{}', '{Inputs}'] as const
  assert.deepEqual(fillIn(template, PLACES), template)
})

test('what is put in is never looked through again', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      assert.deepEqual(fillIn(['x', '{param:name}'], { ...PLACES, parameters: { name } }), ['x', name])
    }),
  )
})

test('a file or a parameter that the job does not have fails it for good', () => {
  assert.throws(() => fillIn(['x', '{input:2}'], PLACES), UnrecoverableError)
  for (const name of ['absent', 'constructor', '__proto__']) {
    assert.throws(() => fillIn(['x', `{param:${name}}`], PLACES), UnrecoverableError)
  }
})

test('a command that cannot be meant is refused when the processor is made', () => {
  const make = (...command: [string, ...string[]]) => new CommandProcessor({ name: 'x', version: '1', command })
  assert.throws(() => make('cat', '--files={inputs}'), { code: 'CONFIG_INVALID', message: /argument of its own/ })
  assert.throws(() => make(''), { code: 'CONFIG_INVALID' })
})
