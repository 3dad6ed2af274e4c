import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { isSecret, SETTINGS } from '../../src/settings.ts'
import { helmLint, helmTemplate, type Manifest, noHelm, render, VALUES } from '../support/helm.ts'
import { conform, noKubeconform } from '../support/kubernetes-schemas.ts'

/** Value sets that turn on, between them, every part of the chart. */
const SETS: Readonly<Record<string, object>> = {
  'the least': {},
  'as the docs show it': parse(
    readFileSync(new URL('../../deploy/helm/longshore/ci/s3-values.yaml', import.meta.url), 'utf8'),
  ),
  'everything, scaled by KEDA on the database': {
    image: { ...VALUES.image, digest: `sha256:${'0a'.repeat(32)}`, pullSecrets: [{ name: 'registry' }] },
    settings: { ...VALUES.settings, MAX_CONCURRENT_JOBS: 8, MAX_FILES_PER_JOB: 1_000_000, METRICS: true },
    secrets: { ...VALUES.secrets, S3_ACCESS_KEY: { name: 's3', key: 'a' }, S3_SECRET_KEY: { name: 's3', key: 'b' } },
    api: { autoscaling: { enabled: true }, podAnnotations: { a: 'b' }, nodeSelector: { disk: 'ssd' } },
    worker: {
      autoscaling: { kind: 'keda', minReplicas: 0 },
      tolerations: [{ key: 'jobs', operator: 'Exists', effect: 'NoSchedule' }],
    },
    serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/jobs' } },
    ingress: { enabled: true, host: 'jobs.example.org', tlsSecret: 'tls', className: 'nginx', annotations: { a: 'b' } },
    networkPolicy: {
      apiFrom: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }],
      metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
    },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' }, apiKey: { name: 'metrics', key: 'key' } },
  },
  'scaled by KEDA on Prometheus': {
    worker: { autoscaling: { kind: 'keda', keda: { trigger: 'prometheus', prometheusUrl: 'http://prometheus:9090' } } },
  },
  'scaled on processor time': { worker: { autoscaling: { kind: 'cpu' } } },
  'no more than it must be': {
    migration: { enabled: false },
    podDisruptionBudget: { enabled: false },
    networkPolicy: { enabled: false },
    ingress: { enabled: true, host: 'jobs.example.org' },
  },
}

const sets = Object.entries(SETS).map(([title, values]) => [title, { ...VALUES, ...values }] as const)

/** The pods of a release, each with the name of what makes it. */
function podsOf(manifests: readonly Manifest[]): { name: string; spec: Manifest['spec'] }[] {
  const makers = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  return makers.map(({ metadata, spec }) => ({ name: metadata.name, spec: spec.template.spec }))
}

function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name)
  assert.ok(found, `there is no ${kind} ${name}`)
  return found
}

for (const [title, values] of sets) {
  test(`the chart is free of lint, and what it renders is as Kubernetes takes it: ${title}`, {
    skip: noHelm || noKubeconform,
  }, async () => {
    assert.equal(helmLint(values), '')
    const { text, refusal } = helmTemplate(values)
    assert.equal(refusal, '')
    await conform(text)
  })
}

test('a field that Kubernetes does not know is found', { skip: noHelm || noKubeconform }, async () => {
  const { text } = helmTemplate(VALUES)
  await assert.rejects(
    conform(text.replaceAll('readOnlyRootFilesystem', 'readOnlyRootFileSystem')),
    /readOnlyRootFileS/,
  )
})

test('every pod runs without rights: no root, no writable root file system, no capability, no token', {
  skip: noHelm,
}, () => {
  for (const [title, values] of sets) {
    for (const { name, spec } of podsOf(render(values))) {
      const where = `${title}: ${name}`
      assert.equal(spec.automountServiceAccountToken, false, where)
      assert.equal(spec.securityContext.runAsNonRoot, true, where)
      assert.equal(spec.securityContext.runAsUser, 1000, where)
      assert.deepEqual(spec.securityContext.seccompProfile, { type: 'RuntimeDefault' }, where)
      for (const { securityContext, resources } of spec.containers) {
        assert.deepEqual(
          securityContext,
          { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          where,
        )
        assert.ok(resources.limits.memory, where)
      }
      for (const { emptyDir } of spec.volumes) assert.ok(emptyDir === undefined || emptyDir.sizeLimit, where)
    }
  }
})

test('a pod has longer to end than a stop can take, whatever the settings say', { skip: noHelm }, () => {
  for (const settings of [
    {},
    { SHUTDOWN_GRACE_SECONDS: 0 },
    { SHUTDOWN_GRACE_SECONDS: '900', ABORT_GRACE_SECONDS: 60 },
  ]) {
    const given: Record<string, unknown> = settings
    const manifests = render({ ...VALUES, settings: { ...VALUES.settings, ...settings } })
    const takes = ['SHUTDOWN_GRACE_SECONDS', 'ABORT_GRACE_SECONDS'].map((name) =>
      Number(given[name] ?? SETTINGS[name as 'ABORT_GRACE_SECONDS'].fallback),
    )
    for (const role of ['api', 'worker']) {
      const { spec } = find(manifests, 'Deployment', `my-service-${role}`).spec.template
      const preStop = spec.containers[0].lifecycle?.preStop.sleep.seconds ?? 0
      assert.equal(preStop > 0, role === 'api', 'only what takes requests waits for proxies')
      const sum = takes.reduce((total, seconds) => total + seconds, preStop)
      assert.equal(spec.terminationGracePeriodSeconds, sum + 15)
    }
  }
})

test('secrets get to pods as files of existing Secrets, and to nothing else', { skip: noHelm }, () => {
  for (const [title, values] of sets) {
    const manifests = render(values)
    const { data } = find(manifests, 'ConfigMap', 'my-service')
    assert.deepEqual(Object.keys(data).filter(isSecret), [], title)
    assert.ok(
      manifests.every(({ kind }) => kind !== 'Secret'),
      title,
    )
    for (const { name, spec } of podsOf(manifests)) {
      const { env, volumeMounts } = spec.containers[0]
      const given: string[] = env.map((variable: { name: string }) => variable.name)
      assert.deepEqual(given.filter(isSecret), [], title)
      const mount = volumeMounts.find((each: { name: string }) => each.name === 'secrets')
      const { projected } = spec.volumes.find((each: { name: string }) => each.name === 'secrets')
      const files = projected.sources.map(({ secret }: Manifest) => `${mount.mountPath}/${secret.items[0].path}`)
      const named = env.filter((each: { name: string }) => each.name.endsWith('_FILE'))
      assert.deepEqual(
        named.map((each: { value: string }) => each.value),
        files,
        `${title}: ${name}`,
      )
      assert.ok(given.includes('DATABASE_URL_FILE'))
    }
  }
})

test('the migration goes before a release, needs nothing that the release brings, and replicas then leave it alone', {
  skip: noHelm,
}, () => {
  const manifests = render({ ...VALUES, settings: { ...VALUES.settings, DATABASE_SCHEMA: 'jobs' } })
  const [job] = manifests.filter(({ kind }) => kind === 'Job')
  assert.ok(job)
  assert.equal(job.metadata.annotations['helm.sh/hook'], 'pre-install,pre-upgrade')
  const { serviceAccountName, containers } = job.spec.template.spec
  assert.equal(serviceAccountName, undefined)
  assert.equal(containers[0].envFrom, undefined)
  assert.ok(containers[0].env.some(({ name, value }: Manifest) => name === 'DATABASE_SCHEMA' && value === 'jobs'))
  const startsMigration = (all: readonly Manifest[]) =>
    find(all, 'Deployment', 'my-service-api').spec.template.spec.containers[0].env.find(
      ({ name }: Manifest) => name === 'MIGRATE_ON_START',
    ).value
  assert.equal(startsMigration(manifests), 'false')
  const without = render({ ...VALUES, migration: { enabled: false } })
  assert.ok(without.every(({ kind }) => kind !== 'Job'))
  assert.equal(startsMigration(without), 'true')
})

test('an ingress says under which address clients come, and pods are replaced when a setting changes', {
  skip: noHelm,
}, () => {
  const checksum = (manifests: readonly Manifest[]) =>
    find(manifests, 'Deployment', 'my-service-api').spec.template.metadata.annotations['longshore/settings-checksum']
  const plain = render(VALUES)
  const ingress = { enabled: true, host: 'jobs.example.org', tlsSecret: 'tls' }
  const manifests = render({ ...VALUES, ingress })
  const { data } = find(manifests, 'ConfigMap', 'my-service')
  assert.deepEqual(data, { S3_BUCKET: 'my-bucket', PUBLIC_URL: 'https://jobs.example.org', TRUST_PROXY: 'true' })
  assert.notEqual(checksum(manifests), checksum(plain))
  assert.equal(checksum(render(VALUES)), checksum(plain))
})

test('numbers get to the service as they are written, and a worker knows how much disk it may use', {
  skip: noHelm,
}, () => {
  const numbers = { MAX_FILES_PER_JOB: 1_000_000, MAX_ATTEMPTS: 5, WORKER_CPU: 0.5, WORKER_MEMORY_MB: 2048 }
  const scratchOf = (manifests: readonly Manifest[], role: string) =>
    find(manifests, 'Deployment', `my-service-${role}`).spec.template.spec.containers[0].env.find(
      ({ name }: Manifest) => name === 'WORKER_SCRATCH_GB',
    )?.value
  const manifests = render({ ...VALUES, settings: { ...VALUES.settings, ...numbers } })
  const { data } = find(manifests, 'ConfigMap', 'my-service')
  for (const [name, value] of Object.entries(numbers)) assert.equal(data[name], String(value))
  assert.deepEqual([scratchOf(manifests, 'api'), scratchOf(manifests, 'worker')], [undefined, '20'])
  const own = render({ ...VALUES, settings: { ...VALUES.settings, WORKER_SCRATCH_GB: 5 } })
  assert.equal(scratchOf(own, 'worker'), undefined)
})

test('a name that looks like something else in YAML is a name', { skip: noHelm }, () => {
  const at = { name: '1e0', key: 'no' }
  const values = {
    ...VALUES,
    secrets: { ...VALUES.secrets, DATABASE_URL: at },
    worker: { autoscaling: { kind: 'keda' } },
  }
  const manifests = render(values, 'on')
  assert.deepEqual(find(manifests, 'TriggerAuthentication', 'on-worker').spec.secretTargetRef, [
    { parameter: 'connection', ...at },
  ])
  assert.equal(find(manifests, 'Deployment', 'on-api').spec.template.spec.serviceAccountName, 'on')
})

test('who reads metrics reaches every replica, also where it is bounded who reaches the api replicas', {
  skip: noHelm,
}, () => {
  const [clients, monitoring] = ['ingress', 'monitoring'].map((name) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  }))
  const ingressOf = (networkPolicy: object, role: string) =>
    find(render({ ...VALUES, networkPolicy }), 'NetworkPolicy', `my-service-${role}`).spec.ingress
  const ports = [{ port: 'http' }]
  assert.deepEqual(ingressOf({}, 'api'), [{ ports }])
  assert.deepEqual(ingressOf({}, 'worker'), [])
  assert.deepEqual(ingressOf({ metricsFrom: [monitoring] }, 'api'), [{ ports }])
  assert.deepEqual(ingressOf({ metricsFrom: [monitoring] }, 'worker'), [{ ports, from: [monitoring] }])
  const both = { apiFrom: [clients], metricsFrom: [monitoring] }
  assert.deepEqual(ingressOf(both, 'api'), [{ ports, from: [clients, monitoring] }])
  assert.deepEqual(ingressOf(both, 'worker'), [{ ports, from: [monitoring] }])
})

test('what scales a Deployment and what says its number are never both there', { skip: noHelm }, () => {
  for (const [title, values] of sets) {
    const manifests = render(values)
    for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Deployment')) {
      const scalers = manifests.filter(
        (each) => /^(HorizontalPodAutoscaler|ScaledObject)$/.test(each.kind) && each.metadata.name === metadata.name,
      )
      assert.equal(scalers.length + Number('replicas' in spec), 1, `${title}: ${metadata.name}`)
    }
  }
})

test('wrong values are refused with their path and what was expected', { skip: noHelm }, () => {
  const refusalOf = (values: object): string => helmTemplate({ ...VALUES, ...values }).refusal
  assert.match(refusalOf({ image: {} }), /'\/image\/repository'/)
  assert.match(refusalOf({ secrets: {} }), /'\/secrets': missing property 'DATABASE_URL'/)
  assert.match(refusalOf({ settings: { MAX_CONCURENT_JOBS: 3 } }), /'\/settings': .*'MAX_CONCURENT_JOBS' not allowed/)
  assert.match(
    refusalOf({ settings: { MAX_ATTEMPTS: 1000 } }),
    /'\/settings\/MAX_ATTEMPTS': maximum: got 1,000, want 100/,
  )
  assert.match(refusalOf({ settings: { S3_SECRET_KEY: 'x' } }), /'S3_SECRET_KEY' not allowed/)
  assert.match(refusalOf({ api: { replicas: 'two' } }), /'\/api\/replicas': got string, want integer/)
  assert.match(
    refusalOf({ settings: {}, secrets: { DATABASE_URL: VALUES.secrets.DATABASE_URL }, ingress: { enabled: true } }),
    /- secrets\.API_KEYS: expected .*\n- settings\.S3_BUCKET: expected .*\n- ingress\.host: expected/,
  )
  assert.match(
    refusalOf({ serviceMonitor: { enabled: true } }),
    /- networkPolicy\.metricsFrom: expected .*\n- serviceMonitor\.apiKey\.name: expected/,
  )
  const monitored = { serviceMonitor: { enabled: true }, networkPolicy: { enabled: false } }
  assert.equal(refusalOf({ ...monitored, settings: { S3_BUCKET: 'b', AUTH: 'none' } }), '')
  assert.equal(refusalOf({ settings: { S3_BUCKET: 'b', AUTH: 'none' } }), '')
})

test('the chart knows the settings of the code', () => {
  execFileSync(process.execPath, ['--conditions=longshore-source', 'scripts/chart-settings.ts', '--check'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
})
