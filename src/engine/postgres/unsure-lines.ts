import { LongshoreError } from '../../base/errors.ts'
import type { Lease, LogLine } from '../../job/job.ts'
import type { AttemptChanges } from '../job-engine.ts'
import type { JobDraft } from './job-draft.ts'
import { markOf } from './lease-mark.ts'

/** Lines that were sent to be written, and how many lines the job had had before them. */
interface Sent {
  before: number
  lines: readonly LogLine[]
}

/**
 * Log lines whose writing got no answer. They come again, as the same objects and before any newer ones; a job counts the
 * lines it was ever given, and only the holder of its lease gives it any: so the count tells which of them are written.
 */
export class UnsureLines {
  readonly #unsure = new Map<string, Sent>()

  /** Writes changes by `write`, to which it says of a draft what of them is not written yet. */
  async follow<Answer>(
    lease: Lease,
    changes: AttemptChanges,
    write: (unwritten: (draft: JobDraft) => AttemptChanges) => Promise<Answer>,
  ): Promise<Answer> {
    const key = keyOf(lease)
    let sent: Sent | undefined
    try {
      const answer = await write((draft) => {
        const left = this.#unwritten(key, draft, changes)
        sent = { before: draft.before.logLines, lines: left.logs ?? [] }
        return left
      })
      this.#unsure.delete(key)
      return answer
    } catch (thrown) {
      if (sent && sent.lines.length > 0 && thrown instanceof LongshoreError && thrown.retryable) {
        this.#unsure.set(key, sent)
      }
      throw thrown
    }
  }

  /** Forgets an attempt that has ended. */
  leave(lease: Lease): void {
    this.#unsure.delete(keyOf(lease))
  }

  #unwritten(key: string, { before }: JobDraft, changes: AttemptChanges): AttemptChanges {
    const unsure = this.#unsure.get(key)
    if (unsure === undefined || before.logLines === unsure.before) return changes
    const written = new Set(unsure.lines.slice(0, before.logLines - unsure.before))
    return { ...changes, logs: changes.logs?.filter((line) => !written.has(line)) ?? [] }
  }
}

function keyOf(lease: Lease): string {
  return `${lease.jobId} ${markOf(lease)}`
}
