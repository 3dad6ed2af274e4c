import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { findGoProgram } from './helm.ts'
import { tempFolder } from './temp-folder.ts'

/** Where the schemas come from: modules of Go, which hold them as files. `.ci/run` fetches the same. */
const KUBERNETES = 'k8s.io/kubernetes@v1.37.2'
const KEDA = 'github.com/kedacore/keda/v2@v2.17.2'
const PROMETHEUS_OPERATOR = 'github.com/prometheus-operator/prometheus-operator@v0.88.0'

type Schema = Record<string, unknown>

/** Documents of OpenAPI that Kubernetes has of each group, and the kinds wanted of it. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'api__v1 core': ['ConfigMap', 'Service', 'ServiceAccount'],
  'apis__apps__v1 apps': ['Deployment'],
  'apis__autoscaling__v2 autoscaling': ['HorizontalPodAutoscaler'],
  'apis__batch__v1 batch': ['Job'],
  'apis__networking.k8s.io__v1 networking': ['Ingress', 'NetworkPolicy'],
  'apis__policy__v1 policy': ['PodDisruptionBudget'],
}

/** Custom resources: the file of their definition, by the name kubeconform looks for. */
const CUSTOM: Readonly<Record<string, readonly [module: string, file: string]>> = {
  'scaledobject-keda-v1alpha1': [KEDA, 'config/crd/bases/keda.sh_scaledobjects.yaml'],
  'triggerauthentication-keda-v1alpha1': [KEDA, 'config/crd/bases/keda.sh_triggerauthentications.yaml'],
  'servicemonitor-monitoring-v1': [
    PROMETHEUS_OPERATOR,
    'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
  ],
}

/** Why manifests cannot be checked against Kubernetes' schemas; false when they can. */
export const noKubeconform: string | false =
  process.env.LONGSHORE_REQUIRE_HELM === '1' || (findGoProgram('kubeconform') && folderOf(KUBERNETES))
    ? false
    : 'kubeconform, or the module k8s.io/kubernetes in the cache of Go, is missing'

/** Fails with what Kubernetes would refuse of these manifests, unknown fields included. */
export async function conform(manifests: string): Promise<void> {
  await using folder = await tempFolder()
  writeSchemas(folder.path)
  const location = join(folder.path, '{{.ResourceKind}}{{.KindSuffix}}.json')
  const program = findGoProgram('kubeconform') ?? 'kubeconform'
  const options = { input: manifests, encoding: 'utf8' } as const
  const { stdout, stderr, status, error } = spawnSync(program, ['-strict', '-schema-location', location, '-'], options)
  assert.ifError(error)
  assert.equal(status, 0, stdout + stderr)
}

function writeSchemas(folder: string): void {
  for (const [group, kinds] of Object.entries(GROUPS)) {
    const [file, name] = group.split(' ')
    const version = file?.split('__').at(-1)
    const text = readFileSync(join(mustHave(KUBERNETES), `api/openapi-spec/v3/${file}_openapi.json`), 'utf8')
    const { components } = JSON.parse(text)
    for (const kind of kinds) {
      const suffix = name === 'core' ? version : `${name}-${version}`
      const schema = { $ref: `#/components/schemas/io.k8s.api.${name}.${version}.${kind}`, components }
      write(folder, `${kind.toLowerCase()}-${suffix}`, schema)
    }
  }
  for (const [name, [module, file]] of Object.entries(CUSTOM)) {
    const { spec } = parse(readFileSync(join(mustHave(module), file), 'utf8'))
    const version = spec.versions.find((each: { name: string }) => name.endsWith(`-${each.name}`))
    write(folder, name, version.schema.openAPIV3Schema)
  }
}

function write(folder: string, name: string, schema: Schema): void {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(schema, closed))
}

/** Kubernetes drops fields it does not know, or warns; here they are faults. */
function closed(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('properties' in value) || !('type' in value)) return value
  const isOpen = 'additionalProperties' in value || 'x-kubernetes-preserve-unknown-fields' in value
  return value.type === 'object' && !isOpen ? { ...value, additionalProperties: false } : value
}

function mustHave(module: string): string {
  const folder = folderOf(module)
  assert.ok(folder, `The module ${module} is not in the cache of Go. Run: go mod download ${module}`)
  return folder
}

/** The folder of a module in the cache of Go; nothing is fetched. */
function folderOf(module: string): string | undefined {
  const env = { ...process.env, GOPROXY: 'off', GOFLAGS: '' }
  const { stdout } = spawnSync('go', ['mod', 'download', '-json', module], { env, encoding: 'utf8' })
  return stdout ? JSON.parse(stdout).Dir : undefined
}
