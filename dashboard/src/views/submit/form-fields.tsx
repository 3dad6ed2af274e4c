import type { JobOptions } from '@longshore/client'

/** What a JSON document holds. */
type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** What stands in the form, as it was typed. */
export interface Fields {
  parameters: string
  labels: string
  group: string
  priority: string
}

export const NO_FIELDS: Fields = { parameters: '', labels: '', group: '', priority: '' }

/** Reads the form; a text says what is wrong with it. */
export function fieldsOf({
  parameters,
  labels,
  group,
  priority,
}: Fields): string | { parameters?: Json; job: JobOptions } {
  const lines = labels
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const wrong = lines.find((line) => !/^[^=]+=/.test(line))
  if (wrong !== undefined) return `Labels: expected name=value, got ${wrong}.`
  if (priority.trim() !== '' && !/^-?\d+$/.test(priority.trim())) return 'Priority: expected a whole number.'
  const pairs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const job = {
    ...(pairs.length > 0 && { labels: Object.fromEntries(pairs) }),
    ...(group.trim() !== '' && { group: group.trim() }),
    ...(priority.trim() !== '' && { priority: Number(priority) }),
  }
  if (parameters.trim() === '') return { job }
  try {
    return { parameters: JSON.parse(parameters), job }
  } catch (failure) {
    return `Parameters: expected JSON. ${failure instanceof Error ? failure.message : ''}`
  }
}

/** What a job may be given beside its files. */
export function FormFields({ fields, onChange }: { fields: Fields; onChange: (fields: Fields) => void }) {
  const field = (name: keyof Fields) => ({
    id: name,
    value: fields[name],
    onInput: (event: { currentTarget: { value: string } }) =>
      onChange({ ...fields, [name]: event.currentTarget.value }),
  })
  return (
    <div class="fields">
      <div class="field field-wide">
        <label for="parameters">Parameters, as JSON</label>
        <textarea rows={4} spellcheck={false} class="mono" placeholder="{}" {...field('parameters')} />
      </div>
      <div class="field">
        <label for="labels">Labels, name=value, one a line</label>
        <textarea rows={2} spellcheck={false} {...field('labels')} />
      </div>
      <div class="field">
        <label for="group">Group</label>
        <input {...field('group')} />
        <label for="priority">Priority, larger runs first</label>
        <input inputmode="numeric" placeholder="0" {...field('priority')} />
      </div>
    </div>
  )
}
