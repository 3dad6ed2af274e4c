import type { JobOutput } from '@longshore/client'
import { bytes } from '../../format.ts'
import { Fault } from '../../parts/empty.tsx'
import { useLoad } from '../../state/load.ts'

/** Of a text so much is fetched: some records, however long the object. */
const HEAD_BYTES = 65_536

/** Records that are shown. */
const RECORDS = 10

/** Larger images are not shown: they are for a program of their own. */
const MAX_IMAGE_BYTES = 20 * 1024 * 1024

const IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)$/
const LINES = /(ndjson|jsonl|jsonlines)/
const TEXTS = /^(text\/|application\/(json|xml|yaml))/

/** Whether an output can be looked at here. */
export function hasPreview({ media_type, uri, size_bytes }: JobOutput): boolean {
  if (IMAGES.test(media_type)) return size_bytes <= MAX_IMAGE_BYTES
  return isLines({ media_type, uri }) || TEXTS.test(media_type)
}

/** Whether it is shown without being asked for: images and records. */
export function isWorthALook(output: JobOutput): boolean {
  return hasPreview(output) && (IMAGES.test(output.media_type) || isLines(output))
}

function isLines({ media_type, uri }: Pick<JobOutput, 'media_type' | 'uri'>): boolean {
  return LINES.test(media_type) || uri.endsWith('.jsonl')
}

/** An image, the first records of JSON Lines, or the beginning of a text. */
export function Preview({ output, name }: { output: JobOutput; name: string }) {
  // An image runs no scripts, whatever it is made of.
  if (IMAGES.test(output.media_type))
    return <img class="preview" src={output.url} alt={`Output ${name}`} loading="lazy" />
  return <Head output={output} name={name} />
}

function Head({ output, name }: { output: JobOutput; name: string }) {
  const head = useLoad((signal) => fetchHead(output, signal), output.uri)
  if (head.error) return <Fault error={head.error} />
  if (head.value === undefined) return <p class="muted">Reading…</p>
  const isWhole = output.size_bytes <= HEAD_BYTES
  return (
    <div class="preview">
      {isLines(output) ? (
        <Records text={head.value} isWhole={isWhole} name={name} />
      ) : (
        <Text text={head.value} name={name} />
      )}
      {!isWhole && (
        <p class="muted">
          The first {bytes(HEAD_BYTES)} of {bytes(output.size_bytes)}.
        </p>
      )}
    </div>
  )
}

async function fetchHead({ url }: JobOutput, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal, headers: { range: `bytes=0-${HEAD_BYTES - 1}` } }).catch(() => {
    throw new Error(
      `The store did not let this page read the object, or cannot be reached. Allow GET from ${location.origin} in the CORS rules of its bucket, or load the object by its name above.`,
    )
  })
  if (!response.ok)
    throw new Error(`The object could not be read (HTTP ${response.status}). Load the page again for a fresh URL.`)
  return response.text()
}

function Text({ text, name }: { text: string; name: string }) {
  return (
    <pre class="text" tabIndex={0} role="region" aria-label={`Beginning of ${name}`}>
      {text}
    </pre>
  )
}

/** Records as a table, where they are objects; columns are those of the first. */
function Records({ text, isWhole, name }: { text: string; isWhole: boolean; name: string }) {
  const lines = text.split('\n')
  // The last line may be cut off.
  const whole = (isWhole ? lines : lines.slice(0, -1)).filter((line) => line.trim() !== '').slice(0, RECORDS)
  const records = whole.map(parse)
  const first = records[0]
  if (first === undefined) return <Text text={whole.join('\n') || text} name={name} />
  const columns = Object.keys(first)
  return (
    <div class="scroll" role="region" aria-label={`First records of ${name}`} tabIndex={0}>
      <table class="records">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map((record, i) => (
            <tr key={`${i} ${whole[i]}`}>
              {columns.map((column) => (
                <td key={column}>{show(record?.[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function show(value: unknown): string {
  if (value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
