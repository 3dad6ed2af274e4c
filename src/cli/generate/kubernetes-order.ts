import { parseConfig } from '../../config.ts'
import { isSecret, SETTINGS } from '../../settings.ts'
import { UsageError } from '../failures.ts'

/** Where in Kubernetes a secret setting lies. */
interface SecretKey {
  readonly secret: string
  readonly key: string
}

/** What the manifests are to be of. */
export interface KubernetesOrder {
  readonly name: string
  readonly namespace: string
  readonly image: string
  readonly apiReplicas: number
  readonly workers: number
  /** What scales the workers, up to `maxWorkers`; undefined for their fixed number. */
  readonly autoscale: 'cpu' | 'keda' | undefined
  readonly maxWorkers: number
  /** Settings that are no secrets, by name. */
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, SecretKey>>
  readonly ingress: { readonly host: string; readonly className?: string; readonly tlsSecret?: string } | undefined
  /** Namespaces whose pods may read the metrics of workers, too. */
  readonly metricsFrom: readonly string[]
  readonly migrationJob: boolean
}

/** The options of `longshore generate k8s`, as they are typed. */
export interface KubernetesOptions {
  readonly name: string
  readonly namespace: string
  readonly image: string
  readonly replicas: number
  readonly workers: number
  readonly autoscale?: 'cpu' | 'keda'
  readonly maxWorkers: number
  readonly set?: readonly string[]
  readonly secret?: readonly string[]
  readonly without?: readonly string[]
  readonly ingress?: string
  readonly ingressClass?: string
  readonly tlsSecret?: string
  readonly metricsFrom?: readonly string[]
  readonly migrationJob?: true
}

/** What the manifests set themselves, by the role of a replica. */
const OWN: ReadonlySet<string> = new Set(['HOST', 'PORT', 'ROLE', 'DATA_DIR', 'MIGRATE_ON_START'])

const LABEL = /^[a-z]([-a-z0-9]{0,39}[a-z0-9])?$/
const HOST = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const RESOURCE = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/

/** Reads the options. Throws `UsageError`, and `CONFIG_INVALID` with what the service itself would refuse. */
export function orderOf(options: KubernetesOptions): KubernetesOrder {
  const { name, namespace, image, ingress: host, ingressClass, tlsSecret, autoscale } = options
  const { metricsFrom = [], without = [] } = options
  expect(name, LABEL, '--name to be a name of at most 41 lower-case letters, digits and hyphens')
  expect(namespace, LABEL, '--namespace to be a name of lower-case letters, digits and hyphens')
  for (const from of metricsFrom) expect(from, LABEL, '--metrics-from to be the name of a namespace, e.g. monitoring')
  expect(image, /^[^\s'"#{}[\],&*!|>%`]+$/, '--image to be an image, e.g. registry.example.org/my-service:1.0')
  if (host !== undefined) expect(host, HOST, '--ingress to be a host name, e.g. jobs.example.org')
  if (ingressClass !== undefined) expect(ingressClass, RESOURCE, '--ingress-class to be the name of an IngressClass')
  if (tlsSecret !== undefined) expect(tlsSecret, RESOURCE, '--tls-secret to be the name of a Secret')
  if (options.maxWorkers < options.workers) throw new UsageError('expected --max-workers to be at least --workers')
  const settings = Object.fromEntries((options.set ?? []).map(readSetting))
  const ingress = host === undefined ? undefined : { host, ...optional({ className: ingressClass, tlsSecret }) }
  const order = {
    name,
    namespace,
    image,
    apiReplicas: options.replicas,
    workers: options.workers,
    autoscale,
    maxWorkers: options.maxWorkers,
    settings: { ...(ingress && settingsOf(ingress)), ...settings },
    secrets: readSecrets(options.secret ?? [], name, settings.AUTH === 'none' ? ['API_KEYS', ...without] : without),
    ingress,
    metricsFrom,
    migrationJob: options.migrationJob === true,
  }
  refuseAsTheServiceWould(order)
  return order
}

function expect(value: string, pattern: RegExp, what: string): void {
  if (!pattern.test(value)) throw new UsageError(`expected ${what}, got ${JSON.stringify(value)}`)
}

function optional(values: { className: string | undefined; tlsSecret: string | undefined }) {
  const { className, tlsSecret } = values
  return { ...(className !== undefined && { className }), ...(tlsSecret !== undefined && { tlsSecret }) }
}

/** Behind an ingress clients come under another address, by a proxy. */
function settingsOf({ host, tlsSecret }: { host: string; tlsSecret?: string }): Record<string, string> {
  return { TRUST_PROXY: 'true', PUBLIC_URL: `http${tlsSecret === undefined ? '' : 's'}://${host}` }
}

function readSetting(text: string): [string, string] {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (!(name in SETTINGS)) {
    throw new UsageError(`expected --set NAME=VALUE with the name of a setting, got ${JSON.stringify(text)}`)
  }
  if (isSecret(name))
    throw new UsageError(`${name} is a secret: put it into a Secret and name that with --secret ${name}`)
  if (OWN.has(name)) throw new UsageError(`${name} is set by the manifests themselves`)
  return [name, value]
}

/** Secrets that a service can do without; unless it is told to, it has them. */
export const DISPENSABLE = ['SIGNING_SECRET', 'WEBHOOK_SECRET'] as const

function readSecrets(given: readonly string[], service: string, without: readonly string[]): Record<string, SecretKey> {
  const always = ['DATABASE_URL', 'API_KEYS', ...DISPENSABLE].filter((name) => !without.includes(name))
  const secrets: Record<string, SecretKey> = {}
  for (const text of [...always, ...given]) {
    const [, name = '', secret = service, key = name] = /^(\w+)(?:=([^:]+)(?::(.+))?)?$/.exec(text) ?? []
    const isGood = name in SETTINGS && isSecret(name) && RESOURCE.test(secret) && /^[-._a-zA-Z0-9]+$/.test(key)
    if (!isGood) {
      const names = Object.keys(SETTINGS).filter(isSecret).join(', ')
      throw new UsageError(
        `expected --secret NAME, NAME=SECRET or NAME=SECRET:KEY, NAME being one of ${names}; got ${JSON.stringify(text)}`,
      )
    }
    secrets[name] = { secret, key }
  }
  return secrets
}

/** What stands for secrets that only the cluster knows, so that all else can be checked. */
const STAND_INS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://secret/secret',
  DATABASE_LISTEN_URL: 'postgres://secret/secret',
  API_KEYS: 'secret'.repeat(8),
  S3_ACCESS_KEY: 'secret',
  S3_SECRET_KEY: 'secret',
  SIGNING_SECRET: 'secret'.repeat(8),
  WEBHOOK_SECRET: 'secret'.repeat(8),
}

function refuseAsTheServiceWould({ settings, secrets }: KubernetesOrder): void {
  const stands = Object.keys(secrets).map((name) => [name, STAND_INS[name]])
  parseConfig({ ...settings, ...Object.fromEntries(stands), HOST: '0.0.0.0', ROLE: 'api' })
}
