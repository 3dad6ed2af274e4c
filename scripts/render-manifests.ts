import { writeFileSync } from 'node:fs'
import { renderedManifests } from '../test/support/rendered-manifests.ts'

/** Renders the chart into what `longshore generate k8s` makes its manifests from. Needs helm. */
writeFileSync(new URL('../src/cli/generate/kubernetes.yaml', import.meta.url), renderedManifests())
