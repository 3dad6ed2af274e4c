import { Code } from '../../parts/code.tsx'

/** Of very long data only so much is shown. */
const LONGEST = 200_000

/** JSON that came with a job; nothing when there is none. */
export function Data({ name, value }: { name: string; value: unknown }) {
  if (value === null || value === undefined) return null
  const text = JSON.stringify(value, null, 2)
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… (${text.length} characters in all)` : text
  return (
    <section class="card" aria-label={name}>
      <h2>{name}</h2>
      <Code text={shown} what={`the ${name.toLowerCase()}`} />
    </section>
  )
}
