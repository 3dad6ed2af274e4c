import { EXAMPLES } from './openapi-examples.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const REF = '#/components/schemas/'

/**
 * Keeps the component schemas that something refers to. Every schema with an id is offered twice, as what is sent
 * (`JobInput`) and what is answered (`Job`); one that is only sent gets its plain name.
 */
export function tidyComponents<Document extends object>(document: Document): Document {
  const whole = document as { components?: { schemas?: Record<string, Json> }; paths?: Json }
  const all = whole.components?.schemas ?? {}
  const used = reachable(all, whole.paths ?? {})
  const names = new Map([...used].map((name) => [name, plainName(name, used)]))
  const named = [...used].sort().map((name) => [names.get(name) ?? name, all[name] ?? {}] as const)
  const schemas = Object.fromEntries(named.map(([name, schema]) => [name, withExample(name, schema)]))
  const tidy = { ...whole, components: { ...whole.components, schemas } } as Json
  return JSON.parse(JSON.stringify(tidy), (key, value: Json) => tidyPart(key, value, names)) as Document
}

function withExample(name: string, schema: Json): Json {
  const example = EXAMPLES[name] as Json | undefined
  return isRecord(schema) && example !== undefined ? { ...schema, examples: [example] } : schema
}

function reachable(all: Readonly<Record<string, Json>>, from: Json): Set<string> {
  const found = new Set<string>()
  const visit = (part: Json): void => {
    for (const name of refsOf(part)) {
      if (found.has(name)) continue
      found.add(name)
      visit(all[name] ?? {})
    }
  }
  visit(from)
  return found
}

function refsOf(part: Json): string[] {
  return [...JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '')
}

function plainName(name: string, used: ReadonlySet<string>): string {
  const plain = name.replace(/Input$/, '')
  return used.has(plain) ? name : plain
}

function tidyPart(key: string, value: Json, names: ReadonlyMap<string, string>): Json {
  if (key === '$ref' && typeof value === 'string' && value.startsWith(REF)) {
    const name = value.slice(REF.length)
    return `${REF}${names.get(name) ?? name}`
  }
  return isRecord(value) ? withoutNoise(value) : value
}

/** zod adds a pattern of 300 characters that says less than the format, and bounds that every integer of JSON has. */
function withoutNoise(schema: { readonly [name: string]: Json }): Json {
  const isNoise = ([name, value]: [string, Json]): boolean =>
    (name === 'pattern' && schema.format === 'date-time') ||
    (name === 'minimum' && value === Number.MIN_SAFE_INTEGER) ||
    (name === 'maximum' && value === Number.MAX_SAFE_INTEGER)
  return Object.fromEntries(Object.entries(schema).filter((entry) => !isNoise(entry)))
}

function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
