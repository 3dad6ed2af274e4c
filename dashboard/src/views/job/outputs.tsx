import type { Job, JobOutput } from '@longshore/client'
import { useState } from 'preact/hooks'
import { bytes, plural } from '../../format.ts'
import { Fault } from '../../parts/empty.tsx'
import { useLoad } from '../../state/load.ts'
import { client } from '../../state/session.ts'
import { hasPreview, isWorthALook, Preview } from './preview.tsx'

/** Outputs that are listed at first. */
const SHOWN = 20

/** What a completed job left, to look at and to download. */
export function Outputs({ job }: { job: Job }) {
  const [shown, setShown] = useState(SHOWN)
  const outputs = useLoad(
    async (signal) => (job.status === 'completed' ? client().outputs(job.job_id, { signal }) : []),
    `${job.job_id} ${job.status}`,
  )
  const all = outputs.value ?? []
  if (job.status !== 'completed') return null
  const first = all.find(isWorthALook)
  return (
    <section class="card" aria-labelledby="outputs">
      <h2 id="outputs">
        Outputs <span class="muted">{outputs.value && plural(all.length, 'object')}</span>
      </h2>
      {outputs.error && <Fault error={outputs.error} retry={outputs.reload} />}
      {outputs.value && all.length === 0 && (
        <p class="muted">The processor wrote none; what it returned is the result.</p>
      )}
      <ul class="plain outputs">
        {all.slice(0, shown).map((output) => (
          <Item key={output.uri} output={output} name={nameOf(output, job)} isOpen={output === first} />
        ))}
      </ul>
      {all.length > shown && (
        <button type="button" onClick={() => setShown(shown * 5)}>
          Show more
        </button>
      )}
    </section>
  )
}

/** Where an output lies among those of its job, e.g. `preview/dot.png`. */
function nameOf({ uri }: JobOutput, { job_id: id }: Job): string {
  const start = uri.indexOf(`/${id}/`)
  return start === -1 ? lastPart(uri) : uri.slice(start + id.length + 2)
}

function lastPart(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1)
}

function Item({ output, name, isOpen: opens }: { output: JobOutput; name: string; isOpen: boolean }) {
  const [isOpen, setOpen] = useState(opens)
  return (
    <li>
      <div class="output">
        <a href={output.url} download={lastPart(output.uri)} class="clip" title={output.uri}>
          {name}
        </a>
        <span class="muted wide">{output.media_type}</span>
        <span class="number">{bytes(output.size_bytes)}</span>
        {hasPreview(output) && (
          <button type="button" class="small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Hide' : 'Look'}
            <span class="hidden"> {name}</span>
          </button>
        )}
      </div>
      {isOpen && <Preview output={output} name={name} />}
    </li>
  )
}
