import packageJson from 'longshore/package.json' with { type: 'json' }
import { type Finding, findingsOf } from './finding.ts'

const { ok, failed } = findingsOf('node')

/** Whether a version of Node is one that Longshore runs on. */
export function checkNode(version: string): Finding {
  const needed = packageJson.engines.node.replace('>=', '')
  if (isAtLeast(version, needed)) return ok(`Node ${version}`)
  return failed(`Node ${version} is too old, ${needed} or later is needed`, 'Install Node 24 LTS: https://nodejs.org')
}

function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
}
