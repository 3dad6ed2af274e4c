import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, isSeq, parseAllDocuments } from 'yaml'
import { SETTINGS } from '../../settings.ts'
import type { KubernetesOrder } from './kubernetes-order.ts'

/** The chart of deploy/helm, rendered with placeholders and with every part that an order may ask for. */
const RENDERED = join(import.meta.dirname, 'kubernetes.yaml')

/** What is in the place of what an order brings. */
const PLACEHOLDERS = {
  name: 'name-placeholder',
  namespace: 'namespace-placeholder',
  image: 'image-placeholder:latest',
  host: 'host-placeholder',
  className: 'class-placeholder',
  tlsSecret: 'tls-placeholder',
} as const

/** Seconds beyond what a stop can take; as the chart's `graceMarginSeconds` and `api.preStopSeconds`. */
const GRACE_MARGIN_SECONDS = 15
const PRE_STOP_SECONDS = 5

const MIGRATION_SECRETS: readonly string[] = ['DATABASE_URL', 'DATABASE_LISTEN_URL']
const MIGRATION_SETTINGS: readonly string[] = ['DATABASE_SCHEMA', 'DATABASE_WORKER_SCHEMA']

/** Makes the manifests of an order: the documents of the chart, each with what the order says about it. */
export function kubernetesManifests(order: KubernetesOrder): Document[] {
  // Kubernetes reads YAML 1.1, in which a bare `no` is no text.
  const documents = parseAllDocuments(filled(readFileSync(RENDERED, 'utf8'), order), { version: '1.1' })
  return documents
    .filter((document): document is Document.Parsed => 'contents' in document && isWanted(document, order))
    .map((document) => {
      // What stands at the head of the file is about the file.
      document.commentBefore = null
      EDITS[kindOf(document)]?.(document, order)
      return document
    })
}

function filled(text: string, { name, namespace, image, ingress }: KubernetesOrder): string {
  const given = { name, namespace, image, ...ingress }
  return Object.entries(given).reduce(
    (all, [what, value]) => all.replaceAll(PLACEHOLDERS[what as keyof typeof PLACEHOLDERS], () => value),
    text,
  )
}

function kindOf(document: Document): string {
  return String(document.get('kind'))
}

function isWanted(document: Document, { ingress, autoscale, migrationJob }: KubernetesOrder): boolean {
  switch (kindOf(document)) {
    case 'Ingress':
      return ingress !== undefined
    case 'Job':
      return migrationJob
    case 'HorizontalPodAutoscaler':
      return autoscale === 'cpu'
    case 'ScaledObject':
    case 'TriggerAuthentication':
      return autoscale === 'keda'
    default:
      return true
  }
}

const EDITS: Readonly<Record<string, (document: Document, order: KubernetesOrder) => void>> = {
  ConfigMap: (document, { settings }) => document.set('data', document.createNode(sorted(settings))),
  Deployment: editDeployment,
  Job: editJob,
  Ingress: editIngress,
  NetworkPolicy: editNetworkPolicy,
  HorizontalPodAutoscaler: (document, order) => setBounds(document, order, ['minReplicas', 'maxReplicas']),
  ScaledObject: (document, order) => {
    setBounds(document, order, ['minReplicaCount', 'maxReplicaCount'])
    const query = ['spec', 'triggers', 0, 'metadata', 'query']
    const schema = order.settings.DATABASE_SCHEMA ?? SETTINGS.DATABASE_SCHEMA.fallback
    document.setIn(query, String(document.getIn(query)).replace('longshore.jobs', `${schema}.jobs`))
  },
  TriggerAuthentication: (document, { secrets }) => {
    const target = ['spec', 'secretTargetRef', 0]
    document.setIn([...target, 'name'], secrets.DATABASE_URL?.secret)
    document.setIn([...target, 'key'], secrets.DATABASE_URL?.key)
  },
}

function setBounds(
  document: Document,
  { workers, maxWorkers }: KubernetesOrder,
  [least, most]: [string, string],
): void {
  document.setIn(['spec', least], workers)
  document.setIn(['spec', most], maxWorkers)
}

function editDeployment(document: Document, order: KubernetesOrder): void {
  const isApi = document.getIn(['metadata', 'labels', 'app.kubernetes.io/component']) === 'api'
  if (isApi || order.autoscale === undefined) {
    document.setIn(['spec', 'replicas'], isApi ? order.apiReplicas : order.workers)
  }
  const pod = ['spec', 'template', 'spec']
  const checksum = ['spec', 'template', 'metadata', 'annotations', 'longshore/settings-checksum']
  document.setIn(checksum, checksumOf(order.settings))
  document.setIn([...pod, 'terminationGracePeriodSeconds'], graceSeconds(order, isApi ? PRE_STOP_SECONDS : 0))
  setVariable(document, 'MIGRATE_ON_START', String(!order.migrationJob))
  if (order.settings.WORKER_SCRATCH_GB) dropVariables(document, /^WORKER_SCRATCH_GB$/)
  setSecrets(document, Object.entries(order.secrets))
}

function editJob(document: Document, { name, image, secrets, settings }: KubernetesOrder): void {
  document.setIn(['metadata', 'name'], `${name}-migrate-${sha256(image).slice(0, 8)}`)
  for (const setting of MIGRATION_SETTINGS) {
    if (settings[setting]) setVariable(document, setting, settings[setting])
  }
  setSecrets(
    document,
    Object.entries(secrets).filter(([setting]) => MIGRATION_SECRETS.includes(setting)),
  )
}

function editIngress(document: Document, { ingress }: KubernetesOrder): void {
  if (ingress?.className === undefined) document.deleteIn(['spec', 'ingressClassName'])
  if (ingress?.tlsSecret === undefined) document.deleteIn(['spec', 'tls'])
}

/** Anyone reaches the api replicas; the workers are closed to all but who reads their metrics. */
function editNetworkPolicy(document: Document, { metricsFrom }: KubernetesOrder): void {
  const isWorker = document.getIn(['spec', 'podSelector', 'matchLabels', 'app.kubernetes.io/component']) === 'worker'
  if (!isWorker || metricsFrom.length === 0) return
  const from = metricsFrom.map((namespace) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  }))
  // Away with what is said of a closed one, too.
  document.deleteIn(['spec', 'ingress'])
  document.setIn(['spec', 'ingress'], document.createNode([{ ports: [{ port: 'http' }], from }]))
}

/** Longer than a stop can take, so that running jobs are handed back and not cut off. */
function graceSeconds({ settings }: KubernetesOrder, preStopSeconds: number): number {
  const [shutdown = 0, abort = 0] = (['SHUTDOWN_GRACE_SECONDS', 'ABORT_GRACE_SECONDS'] as const).map((name) =>
    Number(settings[name] ?? SETTINGS[name].fallback),
  )
  return preStopSeconds + shutdown + abort + GRACE_MARGIN_SECONDS
}

const CONTAINER = ['spec', 'template', 'spec', 'containers', 0] as const

/** Sets a variable of the container, in its place or at the end. */
function setVariable(document: Document, name: string, value: string): void {
  const variables = document.getIn([...CONTAINER, 'env'])
  if (!isSeq(variables)) return
  const index = variables.items.findIndex((item) => isMap(item) && item.get('name') === name)
  const node = document.createNode({ name, value }, { flow: true })
  if (index === -1) variables.items.push(node)
  else variables.items[index] = node
}

function dropVariables(document: Document, pattern: RegExp): void {
  const variables = document.getIn([...CONTAINER, 'env'])
  if (!isSeq(variables)) return
  variables.items = variables.items.filter((item) => !isMap(item) || !pattern.test(String(item.get('name'))))
}

/** The files of secrets: a variable that names each, and the volume they are in. */
function setSecrets(
  document: Document,
  secrets: readonly (readonly [string, { secret: string; key: string }])[],
): void {
  dropVariables(document, /_FILE$/)
  const named = secrets.toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [name] of named) setVariable(document, `${name}_FILE`, `/run/secrets/longshore/${name}`)
  const sources = named.map(([name, { secret, key }]) => ({
    secret: { name: secret, items: [{ key, path: name }] },
  }))
  const volumes = document.getIn(['spec', 'template', 'spec', 'volumes'])
  const index = isSeq(volumes) ? volumes.items.findIndex((item) => isMap(item) && item.has('projected')) : -1
  document.setIn(['spec', 'template', 'spec', 'volumes', index, 'projected', 'sources'], document.createNode(sources))
}

function sorted(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** As the chart computes it, so that pods are replaced when a setting changes. */
function checksumOf(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(sorted(settings)).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
  return sha256(lines.join(''))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
