import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'

const CHART = resolve(import.meta.dirname, '../../deploy/helm/longshore')

/** The YAML that Helm and Kubernetes read. */
export const YAML = { version: '1.1' } as const

/** A document of Kubernetes, as far as tests read it. */
// biome-ignore lint/suspicious/noExplicitAny: what the documents hold is what the tests are about
export type Manifest = { kind: string; metadata: any; [field: string]: any }

/** Why helm cannot be asked; false when it can. With LONGSHORE_REQUIRE_HELM=1 a missing one is no excuse. */
export const noHelm: string | false =
  process.env.LONGSHORE_REQUIRE_HELM === '1' || findGoProgram('helm') !== undefined
    ? false
    : 'helm is not installed (go install helm.sh/helm/v3/cmd/helm@latest)'

/** A program on PATH, or where Go puts what it installs. */
export function findGoProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(process.env.HOME ?? '', 'go/bin')]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** What `helm template` makes of values, or how it refuses them. */
export function helmTemplate(
  values: object,
  name = 'my-service',
  namespace = 'jobs',
): { text: string; refusal: string } {
  const options = ['--namespace', namespace, '--kube-version', '1.37.0', '--values', '-']
  const { stdout, stderr, status } = helm(['template', name, CHART, ...options], stringify(values, YAML))
  return status === 0 ? { text: stdout, refusal: '' } : { text: '', refusal: stderr }
}

/** The documents of a release. Fails when the values are refused. */
export function render(values: object, name?: string): Manifest[] {
  const { text, refusal } = helmTemplate(values, name)
  assert.equal(refusal, '')
  return parseAllDocuments(text, YAML).map((document) => document.toJS())
}

/** What `helm lint` finds. */
export function helmLint(values: object): string {
  const { stdout, stderr, status } = helm(['lint', '--strict', CHART, '--values', '-'], stringify(values, YAML))
  return status === 0 ? '' : stdout + stderr
}

function helm(args: readonly string[], input: string) {
  const done = spawnSync(findGoProgram('helm') ?? 'helm', args, { input, encoding: 'utf8' })
  assert.ifError(done.error)
  return done
}

/** Values that every release needs. */
export const VALUES = {
  image: { repository: 'registry.example.org/my-service', tag: '1.2.3' },
  settings: { S3_BUCKET: 'my-bucket' },
  secrets: {
    DATABASE_URL: { name: 'longshore-database', key: 'url' },
    API_KEYS: { name: 'longshore-api-keys', key: 'hashes' },
  },
}
