import type { ProcessToDiskProgress } from '@longshore/client/node'
import { type StepProgress, showStep } from './demo-progress.ts'

const NAMES = { upload: 'Uploading', job: 'Processing', download: 'Downloading' } as const

/** Shows how far `process` has come: one step after the other. */
export class DemoSteps {
  #stage: ProcessToDiskProgress['stage'] | undefined
  #step: StepProgress | undefined

  /** Takes the place of what was shown of the same step before. */
  show(progress: ProcessToDiskProgress): void {
    if (progress.stage !== this.#stage) {
      this.stop()
      this.#stage = progress.stage
      this.#step = showStep(NAMES[progress.stage])
    }
    const told = describe(progress)
    if (told !== undefined) this.#step?.update(...told)
  }

  /** Leaves what is shown where it is. */
  stop(): void {
    this.#step?.stop()
    this.#step = undefined
  }
}

function describe(progress: ProcessToDiskProgress): [percent: number, message: string] | undefined {
  switch (progress.stage) {
    case 'upload':
      return describeBytes(progress.sentBytes, progress.totalBytes, progress.sentFiles, progress.totalFiles)
    case 'download':
      return describeBytes(progress.receivedBytes, progress.totalBytes, progress.receivedFiles, progress.totalFiles)
    case 'job': {
      const { progress: reported } = progress.job
      if (reported?.stage === 'completed') return [100, 'done']
      // Of the stages only this one has images to count.
      return reported?.stage === 'processing' ? [reported.percent ?? 0, reported.message ?? ''] : undefined
    }
  }
}

function describeBytes(bytes: number, ofBytes: number, files: number, ofFiles: number): [number, string] {
  return [(100 * bytes) / ofBytes, `${kib(bytes)} of ${kib(ofBytes)}, ${files} of ${ofFiles} files`]
}

/** A size in KiB. */
export function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}
