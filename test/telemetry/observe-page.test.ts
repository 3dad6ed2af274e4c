import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { everyMetric, labelsOf } from '../support/every-metric.ts'
import { noPromtool, promtool } from '../support/promtool.ts'
import { tempFolder } from '../support/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'docs/observe.md'), 'utf8')
const rules = readFileSync(join(ROOT, 'deploy/prometheus/longshore.rules.yml'), 'utf8')
const dashboard: { panels: Panel[]; uid: string; templating: { list: { name: string }[] } } = JSON.parse(
  readFileSync(join(ROOT, 'deploy/grafana/longshore.json'), 'utf8'),
)

interface Panel {
  id: number
  title: string
  type: string
  description?: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string }[]
}

const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** Names of metrics in a text, histograms without what Prometheus adds to them. */
function metricsIn(text: string, known: ReadonlySet<string>): string[] {
  const names = [...text.matchAll(/\b(?:longshore|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name)
  return [...new Set(names.map((name) => (known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''))))].sort()
}

test('the page lists every metric of the service, with type, labels and meaning, and no other', async () => {
  const metrics = [...(await everyMetric()).values()].filter(({ name }) => name.startsWith('longshore_'))
  const expected = metrics.map((metric) => {
    const labels = labelsOf(metric).map((label) => `\`${label}\``)
    return `| \`${metric.name}\` | ${metric.type} |${labels.length > 0 ? ` ${labels.join(' ')} ` : ' '}| ${metric.help} |`
  })
  const listed = page.split('\n').filter((line) => line.startsWith('| `longshore_'))
  assert.deepEqual(listed.sort(), expected.sort())
})

test('every query of the dashboard and every alert asks for metrics and labels that there are', async () => {
  const metrics = await everyMetric()
  const known = new Set(metrics.keys())
  const asked = metricsIn(`${expressions.join('\n')}\n${rules}`, known)
  assert.ok(asked.length > 20, `only ${asked.length} were found`)
  // Garbage is only measured once some was collected.
  assert.deepEqual(
    asked.filter((name) => !known.has(name)),
    [],
  )
  const labels = new Set(['job', 'instance', 'le', ...[...metrics.values()].flatMap(labelsOf)])
  const named = `${expressions.join('\n')}\n${rules}`.matchAll(/(?:[{,]\s*(\w+)=~?")|(?:(?:by|on) \(([^)]*)\))/g)
  const used = [...named].flatMap(([, label, list]) => label ?? list?.split(', ') ?? [])
  assert.ok(used.length > 50, `only ${used.length} labels were found`)
  assert.deepEqual(
    used.filter((label) => !labels.has(label)),
    [],
  )
})

test('the dashboard shows every metric of the service', async () => {
  const known = new Set((await everyMetric()).keys())
  const shown = new Set(metricsIn(expressions.join('\n'), known))
  const own = [...known].filter((name) => name.startsWith('longshore_'))
  assert.deepEqual(
    own.filter((name) => !shown.has(name)),
    [],
  )
})

test('panels of the dashboard have their own ids and places, and say what they show', () => {
  const { panels } = dashboard
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
  )
  assert.equal(new Set(cells).size, cells.length, 'panels overlap')
  assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24))
  const silent = panels.filter(({ type, description }) => type !== 'row' && !description)
  assert.deepEqual(silent, [])
})

test('every alert has its row on the page, and every row its alert', () => {
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
  const listed = [...page.matchAll(/^\| `(Longshore\w+)`/gm)].map(([, name]) => name)
  assert.deepEqual(listed, alerts)
})

test('promtool takes the rules, their tests, the queries of the dashboard and the scrape configuration', {
  skip: noPromtool,
}, async () => {
  await using folder = await tempFolder()
  cpSync(join(ROOT, 'deploy/prometheus'), folder.path, { recursive: true })
  const at = (name: string): string => join(folder.path, name)
  promtool(['check', 'rules', at('longshore.rules.yml')])
  promtool(['test', 'rules', at('longshore.test.yml')])
  const recorded = expressions.map((expr, n) => ({
    record: `panel:${n}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.+'),
  }))
  writeFileSync(at('panels.json'), JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }))
  promtool(['check', 'rules', '--lint=none', at('panels.json')])
  writeFileSync(at('longshore-api-key'), 'some-key-of-16-characters')
  promtool(['check', 'config', at('prometheus.yml')])
})
