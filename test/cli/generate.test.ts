import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { type Manifest, noHelm, render, YAML } from '../support/helm.ts'
import { conform, noKubeconform } from '../support/kubernetes-schemas.ts'
import { renderedManifests } from '../support/rendered-manifests.ts'
import { cli } from './cli.ts'

const IMAGE = 'registry.example.org/my-service:1.2.3'
const LEAST = ['generate', 'k8s', '--image', IMAGE, '--set', 'S3_BUCKET=my-bucket']

async function generate(...options: string[]): Promise<Manifest[]> {
  const { code, stdout, stderr } = await cli([...LEAST, ...options])
  assert.equal(code, 0, stderr)
  return parseAllDocuments(stdout, YAML).map((document) => document.toJS())
}

/** What is in the chart's manifests for Helm alone is taken away; what is left is by kind and name. */
function byName(manifests: readonly Manifest[]): Map<string, Manifest> {
  const plain = manifests.map((manifest) => {
    const copy = structuredClone(manifest)
    for (const label of ['helm.sh/chart', 'app.kubernetes.io/managed-by']) delete copy.metadata.labels[label]
    if (copy.kind === 'Job') delete copy.metadata.annotations
    return [`${copy.kind} ${copy.metadata.name}`, copy] as const
  })
  assert.equal(new Set(plain.map(([name]) => name)).size, plain.length)
  return new Map(plain.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/)
const orders = fc.record({
  name: label,
  replicas: fc.integer({ min: 1, max: 9 }),
  workers: fc.integer({ min: 1, max: 9 }),
  autoscale: fc.constantFrom('none', 'cpu', 'keda'),
  settings: fc.record(
    {
      SHUTDOWN_GRACE_SECONDS: fc.nat(86_400).map(String),
      ABORT_GRACE_SECONDS: fc.integer({ min: 1, max: 3600 }).map(String),
      DATABASE_SCHEMA: fc.constantFrom('jobs', 'no'),
      METRICS: fc.constantFrom('true', 'false'),
      S3_RESULTS_PREFIX: fc.constantFrom('out', 'a/b.c'),
      WORKER_SCRATCH_GB: fc.constantFrom('2', '0.5'),
      TRUST_PROXY: fc.constant('false'),
      AUTH: fc.constant('none'),
    },
    { requiredKeys: [] },
  ),
  secrets: fc.record(
    {
      DATABASE_URL: fc.record({ name: label, key: label }),
      DATABASE_LISTEN_URL: fc.record({ name: label, key: label }),
      SIGNING_SECRET: fc.record({ name: label, key: label }),
    },
    { requiredKeys: [] },
  ),
  ingress: fc.option(fc.record({ host: label, className: label, tlsSecret: label }, { requiredKeys: ['host'] }), {
    nil: undefined,
  }),
  without: fc.subarray(['SIGNING_SECRET', 'WEBHOOK_SECRET']),
  metricsFrom: fc.array(label, { maxLength: 2 }),
  migration: fc.boolean(),
})

test('whatever is asked for, the manifests are those of the chart with the same values', { skip: noHelm }, async () => {
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      const { name, replicas, workers, autoscale, settings, secrets, without, ingress, metricsFrom, migration } = order
      const options = Object.entries(settings).flatMap(([setting, value]) => ['--set', `${setting}=${value}`])
      const named = Object.entries(secrets).flatMap(([setting, at]) => ['--secret', `${setting}=${at.name}:${at.key}`])
      const manifests = await generate(
        ...['--name', name, '--namespace', 'jobs', '--replicas', `${replicas}`, '--workers', `${workers}`],
        ...(autoscale === 'none' ? [] : ['--autoscale', autoscale]),
        ...(ingress ? ['--ingress', ingress.host] : []),
        ...(ingress?.className ? ['--ingress-class', ingress.className] : []),
        ...(ingress?.tlsSecret ? ['--tls-secret', ingress.tlsSecret] : []),
        ...without.flatMap((secret) => ['--without', secret]),
        ...metricsFrom.flatMap((namespace) => ['--metrics-from', namespace]),
        ...(migration ? ['--migration-job'] : []),
        ...options,
        ...named,
      )
      const all = ['DATABASE_URL', 'API_KEYS', 'SIGNING_SECRET', 'WEBHOOK_SECRET']
      const always = all.filter((secret) => !(settings.AUTH && secret === 'API_KEYS') && !without.includes(secret))
      const values = {
        image: { repository: 'registry.example.org/my-service', tag: '1.2.3' },
        settings: { S3_BUCKET: 'my-bucket', ...settings },
        secrets: { ...Object.fromEntries(always.map((key) => [key, { name, key }])), ...secrets },
        api: { replicas },
        worker: { replicas: workers, autoscaling: { kind: autoscale, minReplicas: workers } },
        networkPolicy: {
          metricsFrom: metricsFrom.map((namespace) => ({
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          })),
        },
        migration: { enabled: migration },
        ...(ingress && { ingress: { enabled: true, ...ingress } }),
      }
      assert.deepEqual(byName(manifests), byName(render(values, name)))
    }),
    { numRuns: 20 },
  )
})

test('what the manifests are made from is the chart as it is', { skip: noHelm }, () => {
  const kept = readFileSync(new URL('../../src/cli/generate/kubernetes.yaml', import.meta.url), 'utf8')
  assert.equal(kept, renderedManifests(), 'run: npm run chart-manifests')
})

test('what is printed is as Kubernetes takes it, as YAML and as JSON', { skip: noKubeconform }, async () => {
  const everything = ['--autoscale', 'keda', '--ingress', 'jobs.example.org', '--tls-secret', 'tls', '--migration-job']
  const { stdout } = await cli([...LEAST, ...everything])
  await conform(stdout)
  const { stdout: json } = await cli([...LEAST, ...everything, '--json'])
  assert.deepEqual(
    JSON.parse(json).items,
    parseAllDocuments(stdout, YAML).map((document) => document.toJS()),
  )
})

test('beside the manifests stands how to make the Secrets they read, and no secret', async () => {
  const { stdout, stderr } = await cli([...LEAST, '--name', 'mine', '--secret', 'SIGNING_SECRET=other:key'])
  const mine = ['DATABASE_URL', 'API_KEYS', 'WEBHOOK_SECRET'].map((name) => ` --from-file=${name}=FILE_WITH_${name}`)
  assert.ok(stderr.includes(`create secret generic mine${mine.join('')}\n`), stderr)
  assert.match(stderr, /create secret generic other --from-file=key=FILE_WITH_SIGNING_SECRET\n/)
  assert.doesNotMatch(stdout, /kind: Secret|placeholder/)
  assert.equal((await cli([...LEAST, '--quiet'])).stderr, '')
})

test('a wrong order is refused with what was expected, also what the service would refuse when it starts', async () => {
  const refusals: readonly (readonly [string[], number, RegExp])[] = [
    [['--name', 'My_Service'], 2, /expected --name to be a name .* got "My_Service"/],
    [['--image', 'a b'], 2, /expected --image to be an image/],
    [['--image', 'x\n---\nkind: Secret'], 2, /expected --image to be an image/],
    [['--ingress', 'jobs.example.org\nx: y'], 2, /expected --ingress to be a host name/],
    [['--metrics-from', 'app=prometheus'], 2, /expected --metrics-from to be the name of a namespace/],
    [['--set', 'MAX_CONCURENT_JOBS=3'], 2, /expected --set NAME=VALUE with the name of a setting/],
    [['--set', 'S3_SECRET_KEY=x'], 2, /S3_SECRET_KEY is a secret: .* --secret S3_SECRET_KEY/],
    [['--set', 'PORT=1'], 2, /PORT is set by the manifests themselves/],
    [['--without', 'API_KEYS'], 2, /Expected SIGNING_SECRET or WEBHOOK_SECRET/],
    [['--secret', 'S3_BUCKET'], 2, /expected --secret NAME, .* being one of API_KEYS, DATABASE_URL/],
    [['--secret', 'API_KEYS=Not A Name'], 2, /expected --secret NAME/],
    [['--autoscale', 'keda', '--max-workers', '1'], 2, /expected --max-workers to be at least --workers/],
    [['--set', 'MAX_ATTEMPTS=1000', '--secret', 'S3_ACCESS_KEY'], 1, /Expected MAX_ATTEMPTS .*\n.*S3_SECRET_KEY/],
  ]
  for (const [options, code, message] of refusals) {
    const end = await cli([...LEAST, ...options])
    assert.deepEqual([end.code, end.stdout], [code, ''], options.join(' '))
    assert.match(end.stderr, message)
  }
  const without = await cli(['generate', 'k8s', '--image', IMAGE])
  assert.match(without.stderr, /Expected an object store that all replicas share/)
})

test('a value that looks like something else in YAML stays the text it is', async () => {
  const odd = [
    'METRICS=no',
    'S3_DATASETS_PREFIX=1e3',
    'S3_RESULTS_PREFIX=null',
    'PUBLIC_URL=https://a.example.org/?a: b #c',
  ]
  const manifests = await generate(...odd.flatMap((setting) => ['--set', setting]))
  const data = manifests.find(({ kind }) => kind === 'ConfigMap')?.data
  assert.deepEqual(
    Object.entries(data)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    ['S3_BUCKET=my-bucket', ...odd].sort(),
  )
})
