/** One value of a metric. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** One metric as Prometheus' text format tells it. */
export interface Family {
  name: string
  type: string
  help: string
  samples: Sample[]
}

/** Reads the text format, as far as prom-client writes it. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let family: Family = { name: '', type: '', help: '', samples: [] }
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment?.[1] === 'HELP') {
      family = { name: comment[2] ?? '', type: '', help: comment[3] ?? '', samples: [] }
      families.set(family.name, family)
    } else if (comment) family.type = comment[3] ?? ''
    else family.samples.push(parseSample(line))
  }
  return families
}

/** The value of a sample with these labels and maybe others; undefined when there is none. */
export function sampleOf(
  families: Map<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(sum|count|bucket)$/, ''))
  const wanted = Object.entries(labels)
  return family?.samples.find(
    (each) => each.name === name && wanted.every(([key, value]) => each.labels[key] === value),
  )?.value
}

function parseSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === '') throw new Error(`no sample: ${line}`)
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
  return { name, labels: Object.fromEntries(pairs), value: Number(value) }
}
