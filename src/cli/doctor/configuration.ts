import { LongshoreError } from '../../base/errors.ts'
import { type Config, loadConfig } from '../../config.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, failed } = findingsOf('configuration')

/** Reads the configuration as the service would; undefined when it would refuse it, with a finding for every fault. */
export function checkConfiguration(env: Readonly<Record<string, string | undefined>>): {
  config: Config | undefined
  findings: Finding[]
} {
  try {
    const config = loadConfig(env)
    return { config, findings: [ok(describe(config))] }
  } catch (failure) {
    if (!(failure instanceof LongshoreError)) throw failure
    const faults = failure.errors.length > 0 ? failure.errors.map(({ message }) => message) : [failure.message]
    return { config: undefined, findings: faults.map((message) => failed(message, REMEDY)) }
  }
}

const REMEDY = 'Correct it in the environment or in .env; what depends on the configuration is checked after that'

function describe({ host, port, storage, dataDir, bucket }: Config): string {
  const store = storage.kind === 'local' ? 'the local store' : `S3 at ${storage.endpoint ?? `AWS (${storage.region})`}`
  return `${host}:${port}, data in ${dataDir}, objects on ${store}, bucket ${bucket}`
}
