import { readFileSync } from 'node:fs'
import { messageOf } from './base/errors.ts'
import { isSecret, SETTINGS } from './settings.ts'

/** Settings as text, by name. */
export type Settings = Readonly<Record<string, string | undefined>>

/** The same as programs give them: 8000 is as good as '8000', and true as 'true'. */
export type GivenSettings = Readonly<Record<string, string | number | boolean | undefined>>

/** Settings as text. What is neither text nor a number nor true or false is told as JSON, which no setting takes. */
export function asText(given: GivenSettings): Settings {
  const texts = Object.entries(given).map(([name, value]: [string, unknown]) => [name, textOf(value)])
  return Object.fromEntries(texts)
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value)
}

/** A setting that is wrong: where, and what was expected. */
interface Fault {
  pointer: string
  message: string
}

/** The settings that a file may hold instead. */
const SECRETS: readonly string[] = Object.keys(SETTINGS).filter(isSecret)

/** Lays settings over each other, the last on top. A secret and the file that holds it are one setting. */
export function layered(...layers: readonly Settings[]): Settings {
  const merged: Record<string, string | undefined> = {}
  for (const layer of layers) {
    Object.assign(merged, layer)
    for (const name of SECRETS) {
      if (layer[name] && !layer[fileOf(name)]) delete merged[fileOf(name)]
      if (layer[fileOf(name)] && !layer[name]) delete merged[name]
    }
  }
  return merged
}

/** Reads the secrets that are given as files, e.g. `DATABASE_URL` from the one that `DATABASE_URL_FILE` names. */
export function readSecretFiles(given: Settings): { settings: Settings; faults: Fault[] } {
  const settings = { ...given }
  const faults: Fault[] = []
  for (const name of SECRETS) {
    const path = given[fileOf(name)]
    if (!path) continue
    const read = given[name] ? { fault: `not to be set together with ${name}` } : readSecret(path)
    if (read.fault === undefined) settings[name] = read.secret
    else faults.push({ pointer: `/${fileOf(name)}`, message: `Expected ${fileOf(name)} ${read.fault}.` })
  }
  return { settings, faults }
}

function fileOf(name: string): string {
  return `${name}_FILE`
}

/** The line break that an editor or `echo` puts at the end is no part of a secret. */
function readSecret(path: string): { secret: string; fault?: undefined } | { fault: string } {
  try {
    const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    return secret === '' ? { fault: `to name a file with a secret in it, but ${path} is empty` } : { secret }
  } catch (failure) {
    return { fault: `to name a file that can be read: ${messageOf(failure)}` }
  }
}
