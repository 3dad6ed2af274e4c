import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareUtf8 } from '../../src/base/utf8-order.ts'
import { groupsOfTenant, namedGroup, queueGroup, tenantOfGroup } from '../../src/job/queue-group.ts'

const tenants = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,5}$/)
const groups = fc.option(fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }), { nil: undefined })

test('a group of a tenant gives back its tenant and its name, and nobody elses does', () => {
  fc.assert(
    fc.property(tenants, groups, (tenant, named) => {
      const group = queueGroup(tenant, named)
      assert.equal(tenantOfGroup(group ?? ''), tenant)
      assert.equal(namedGroup({ tenant, group }), named ?? null)
      assert.equal(tenantOfGroup(queueGroup(undefined, named) ?? ''), undefined)
    }),
  )
})

test('the groups of a tenant lie side by side, and none of another between', () => {
  fc.assert(
    fc.property(tenants, tenants, groups, (tenant, other, named) => {
      const { from, to } = groupsOfTenant(tenant)
      const group = queueGroup(other, named) ?? ''
      const isWithin = compareUtf8(group, from) >= 0 && compareUtf8(group, to) < 0
      assert.equal(isWithin, other === tenant)
    }),
  )
})
