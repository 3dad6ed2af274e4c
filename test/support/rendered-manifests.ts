import assert from 'node:assert/strict'
import { type Document, parseAllDocuments } from 'yaml'
import { helmTemplate, YAML } from './helm.ts'

const HEAD = `# The chart of deploy/helm/longshore, rendered with placeholders. Made by \`npm run chart-manifests\`: change the chart, not this.
`

const VALUES = {
  image: { repository: 'image-placeholder' },
  secrets: {
    DATABASE_URL: { name: 'name-placeholder', key: 'DATABASE_URL' },
    API_KEYS: { name: 'name-placeholder', key: 'API_KEYS' },
  },
  settings: { S3_BUCKET: 'bucket' },
  ingress: {
    enabled: true,
    host: 'host-placeholder',
    className: 'class-placeholder',
    tlsSecret: 'tls-placeholder',
  },
}

/** What stands in src/cli/generate/kubernetes.yaml: every part that `longshore generate k8s` can be asked for. */
export function renderedManifests(): string {
  const keda = documentsOf('keda')
  const cpu = documentsOf('cpu').filter((document) => document.get('kind') === 'HorizontalPodAutoscaler')
  return `${HEAD}---\n${[...keda, ...cpu]
    .map((document) =>
      String(document)
        .trim()
        .replace(/^---\n/, ''),
    )
    .join('\n---\n')}\n`
}

function documentsOf(kind: string): Document[] {
  const values = { ...VALUES, worker: { autoscaling: { kind } } }
  const { text, refusal } = helmTemplate(values, 'name-placeholder', 'namespace-placeholder')
  assert.equal(refusal, '')
  const documents = parseAllDocuments(text.replaceAll(/^# Source: .*\n/gm, ''), YAML)
  return documents.filter((document): document is Document.Parsed => 'contents' in document).map(withoutHelm)
}

/** Takes away what is of Helm alone. */
function withoutHelm(document: Document): Document {
  for (const label of ['helm.sh/chart', 'app.kubernetes.io/managed-by'])
    document.deleteIn(['metadata', 'labels', label])
  if (document.get('kind') === 'Job') document.deleteIn(['metadata', 'annotations'])
  return document
}
