import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandProcessor } from '../../src/processor/command/command-processor.ts'
import { declaredNeeds } from '../../src/processor/needs.ts'

const name = 'stitch'

test('a processor that says nothing takes nothing, and what it says may follow from the parameters', () => {
  assert.equal(declaredNeeds({ name }), undefined)
  assert.deepEqual(declaredNeeds({ name, resources: { cpu: 2 } })?.({}), { cpu: 2 })
  const resourcesFor = ({ tiles }: { tiles: number }) => ({ memoryBytes: tiles * 10 })
  assert.deepEqual(declaredNeeds({ name, resources: { cpu: 2 }, resourcesFor })?.({ tiles: 3 }), { memoryBytes: 30 })
})

test('a program says it in its options, either way', () => {
  const program = { name, version: '1', command: ['true'] } as const
  assert.equal(declaredNeeds(new CommandProcessor(program)), undefined)
  assert.deepEqual(declaredNeeds(new CommandProcessor({ ...program, resources: { cpu: 1 } }))?.({}), { cpu: 1 })
  const resources = (parameters: unknown) => ({ cpu: Number(parameters) })
  assert.deepEqual(declaredNeeds(new CommandProcessor({ ...program, resources }))?.(4), { cpu: 4 })
})

test('a declaration that cannot be meant keeps the service from starting; one that is computed fails its submit', () => {
  assert.throws(() => declaredNeeds({ name, resources: { cpu: -1 } }), { code: 'CONFIG_INVALID', message: /\/cpu/ })
  const unknown = JSON.parse('{"memory": 3}')
  assert.throws(() => declaredNeeds({ name, resources: unknown }), { code: 'CONFIG_INVALID', message: /memory/ })
  const nan = declaredNeeds({ name, resourcesFor: () => ({ memoryBytes: Number.NaN }) })
  assert.throws(() => nan?.({}), { code: 'PROCESSOR_FAILED', message: /\/memoryBytes/ })
  const broken = declaredNeeds({
    name,
    resourcesFor: () => {
      throw new TypeError('tiles is undefined')
    },
  })
  assert.throws(() => broken?.({}), { code: 'PROCESSOR_FAILED', message: /resourcesFor of stitch: tiles is undefined/ })
})
