import { clip } from '../base/clip.ts'
import type { Progress } from '../job/job.ts'

/** A job keeps its newest 1,000 progress events; in characters of JSON. */
const MAX_LENGTH = 16_384
const MAX_TEXT_LENGTH = 1_000

/**
 * Progress as it is kept: plain JSON, no longer the processor's objects. Details that JSON cannot hold, or that are too
 * long, are left out: how a job reports must not decide how it ends.
 */
export function plainProgress(progress: Progress): Progress {
  try {
    const json = JSON.stringify(progress)
    if (json.length <= MAX_LENGTH && typeof progress.stage === 'string') return JSON.parse(json)
  } catch {
    // A BigInt, a cycle or a throwing getter: only the words below are kept.
  }
  return wordsOf(progress)
}

function wordsOf({ stage, percent, message }: Progress): Progress {
  const words: Progress = { stage: typeof stage === 'string' ? clip(stage, MAX_TEXT_LENGTH) : 'processing' }
  if (typeof percent === 'number') words.percent = percent
  if (typeof message === 'string') words.message = clip(message, MAX_TEXT_LENGTH)
  return words
}
